// SPDX-License-Identifier: Apache-2.0
// Call chains of a loaded program; see stack.h.
#include "stack.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>
#include <utility>

namespace sp::verifier {
namespace {

constexpr std::uint64_t kFrameBytes = 32;
// The kernel allows eight frames; more means that the graph was misread.
constexpr int kMaxFrames = 8;
constexpr std::uint8_t kCall = BPF_JMP | BPF_CALL;
constexpr std::uint8_t kLoadAddress = BPF_LD | BPF_DW | BPF_IMM;

using Callees = std::vector<std::set<std::size_t>>;

std::size_t subprogram_at(const Translated& program, std::size_t insn) {
  const auto after = std::upper_bound(program.starts.begin(), program.starts.end(), insn);
  return static_cast<std::size_t>(after - program.starts.begin()) - 1;
}

// A compiled program keeps the distance of a call in `off`, and that of a callback's address in `imm`.
Callees callees_of(const Translated& program) {
  Callees callees(program.starts.size());
  for (std::size_t i = 0; i < program.insns.size(); ++i) {
    const bpf_insn& insn = program.insns[i];
    const bool call = insn.code == kCall && insn.src_reg == BPF_PSEUDO_CALL;
    const bool callback = insn.code == kLoadAddress && insn.src_reg == BPF_PSEUDO_FUNC;
    if (!call && !callback) continue;
    const auto distance = call ? static_cast<std::ptrdiff_t>(insn.off) : static_cast<std::ptrdiff_t>(insn.imm);
    const std::size_t target = i + 1 + static_cast<std::size_t>(distance);
    callees[subprogram_at(program, i)].insert(subprogram_at(program, target));
  }
  return callees;
}

// The deepest chain that starts at `subprogram`; no frames when it has more than the kernel allows.
Chain chain_from(const Callees& callees, std::span<const std::uint64_t> depths_bytes, std::size_t subprogram,
                 int frames) {
  if (frames > kMaxFrames) return {};
  Chain deepest;
  for (const std::size_t callee : callees[subprogram]) {
    Chain below = chain_from(callees, depths_bytes, callee, frames + 1);
    if (below.frames.empty()) return {};
    if (below.bytes > deepest.bytes) deepest = std::move(below);
  }
  const std::uint64_t own = std::max<std::uint64_t>(depths_bytes[subprogram], 1);
  deepest.bytes += (own + kFrameBytes - 1) / kFrameBytes * kFrameBytes;
  deepest.frames.insert(deepest.frames.begin(), subprogram);
  return deepest;
}

// Names of the functions whose BTF types are given; "?" where the kernel does not tell.
std::vector<std::string> function_names(std::uint32_t btf_id, const std::vector<bpf_func_info>& functions) {
  const std::unique_ptr<btf, decltype(&btf__free)> types(btf__load_from_kernel_by_id(btf_id), &btf__free);
  std::vector<std::string> names;
  for (const bpf_func_info& function : functions) {
    const btf_type* type = types == nullptr ? nullptr : btf__type_by_id(types.get(), function.type_id);
    names.emplace_back(type == nullptr ? "?" : btf__name_by_offset(types.get(), type->name_off));
  }
  return names;
}

}  // namespace

Result<Translated> read_translated(int program_fd) {
  bpf_prog_info info{};
  __u32 info_bytes = sizeof(info);
  if (bpf_obj_get_info_by_fd(program_fd, &info, &info_bytes) != 0) return errno_error(errno, "program: info");

  Translated program;
  program.insns.resize(info.xlated_prog_len / sizeof(bpf_insn));
  std::vector<bpf_func_info> functions(info.nr_func_info);
  bpf_prog_info wanted{};
  wanted.xlated_prog_len = info.xlated_prog_len;
  wanted.xlated_prog_insns = reinterpret_cast<std::uintptr_t>(program.insns.data());
  wanted.nr_func_info = info.nr_func_info;
  wanted.func_info_rec_size = sizeof(bpf_func_info);
  wanted.func_info = reinterpret_cast<std::uintptr_t>(functions.data());
  info_bytes = sizeof(wanted);
  if (bpf_obj_get_info_by_fd(program_fd, &wanted, &info_bytes) != 0) return errno_error(errno, "program: info");
  for (const bpf_func_info& function : functions) program.starts.push_back(function.insn_off);
  program.names = function_names(wanted.btf_id, functions);
  return program;
}

Result<Chain> deepest_chain(const Translated& program, std::span<const std::uint64_t> depths_bytes) {
  // Kernels may append hidden subprograms, so there can be more depths than starts.
  if (program.starts.empty() || program.starts[0] != 0 || depths_bytes.size() < program.starts.size()) {
    return Error{EBADMSG, "program: subprograms do not match the verifier's stack depths"};
  }
  Chain chain = chain_from(callees_of(program), depths_bytes, 0, 1);
  if (chain.frames.empty()) return Error{ELOOP, "program: more than eight frames"};
  return chain;
}

std::string chain_text(const Translated& program, std::span<const std::uint64_t> depths_bytes, const Chain& chain) {
  std::string text;
  for (const std::size_t frame : chain.frames) {
    text += (text.empty() ? "" : " > ") + program.names[frame] + " " + std::to_string(depths_bytes[frame]);
  }
  return text;
}

}  // namespace sp::verifier
