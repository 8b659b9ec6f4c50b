// SPDX-License-Identifier: Apache-2.0
// Loads the shipped BPF object in one permutation of its switches and reads from the kernel's verifier statistics what
// each program cost. Pins nothing and attaches nothing: the kernel forgets everything when the call returns.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/util/result.h"
#include "switches.h"

namespace sp::verifier {

struct Cost {
  std::string program;
  // Instructions that the verifier walked, over all paths; the kernel gives up at one million.
  std::uint64_t insns = 0;
  // Bytes of stack of the deepest chain of calls (stack.h); the kernel's limit is 512.
  std::uint64_t stack_bytes = 0;
  std::uint64_t verification_us = 0;
  // That chain, for people.
  std::string chain;
};

[[nodiscard]] Result<std::vector<Switch>> shipped_switches();

// One Cost for each program of the object, in the object's order. The Error of a refused program carries the end of the
// verifier's log.
[[nodiscard]] Result<std::vector<Cost>> measure(const std::vector<Switch>& switches, std::uint32_t permutation);

// What the kernel wrote about one program.
struct Statistics {
  std::uint64_t insns = 0;
  std::uint64_t verification_us = 0;
  // One depth for each subprogram.
  std::vector<std::uint64_t> depths_bytes;
};

// Reads "processed N insns", "stack depth A+B" and "verification time N usec" from a log; the first two are required.
[[nodiscard]] Result<Statistics> parse_statistics(const std::string& program, const std::string& log);

}  // namespace sp::verifier
