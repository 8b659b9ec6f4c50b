// SPDX-License-Identifier: Apache-2.0
// What the kernel tells of a loaded program.
#include "bench/prog/code_size.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <array>

namespace sp::bench {

std::string code_size(const bpf_program* program) {
  std::array<__u32, 64> lengths{};
  bpf_prog_info info{};
  info.nr_jited_func_lens = lengths.size();
  info.jited_func_lens = reinterpret_cast<__u64>(lengths.data());
  __u32 size = sizeof info;
  const std::string name = bpf_program__name(program);
  if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) != 0) return name + ": the kernel tells no size";
  // The program's own function comes first.
  return name + ": " + std::to_string(info.jited_prog_len) + " bytes of machine code in " +
         std::to_string(info.nr_jited_func_lens) + " functions, " + std::to_string(lengths[0]) +
         " of them in the first; the verifier walked " + std::to_string(info.verified_insns) + " instructions";
}

}  // namespace sp::bench
