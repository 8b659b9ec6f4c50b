// SPDX-License-Identifier: Apache-2.0
// How much stack a program takes: its deepest chain of calls. The kernel prints one depth for each subprogram but not
// who calls whom; that is read back from the loaded program.
#pragma once

#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "loader/util/result.h"

namespace sp::verifier {

// The loaded program as the kernel translated it, where its subprograms start (the first at 0), and their names.
struct Translated {
  std::vector<bpf_insn> insns;
  std::vector<std::size_t> starts;
  std::vector<std::string> names;
};

// Subprograms by number, caller first, and the bytes of all their frames.
struct Chain {
  std::uint64_t bytes = 0;
  std::vector<std::size_t> frames;
};

[[nodiscard]] Result<Translated> read_translated(int program_fd);

// The deepest chain. Each frame is rounded up to 32 bytes, as 6.1 does; newer kernels round to 16, so that
// what fits here fits everywhere. depths_bytes has one entry for each subprogram.
[[nodiscard]] Result<Chain> deepest_chain(const Translated& program, std::span<const std::uint64_t> depths_bytes);

// "sp_xdp 176 > sp_other 64": the names of the frames and their unrounded bytes.
[[nodiscard]] std::string chain_text(const Translated& program, std::span<const std::uint64_t> depths_bytes,
                                     const Chain& chain);

}  // namespace sp::verifier
