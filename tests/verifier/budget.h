// SPDX-License-Identifier: Apache-2.0
// The recorded budget: what each program may cost the verifier on any supported kernel, in any permutation. Raising a
// line of budget.txt is a decision that shows in review; this file only reads and compares.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "loader/util/result.h"
#include "measure.h"

namespace sp::verifier {

struct Limit {
  std::uint64_t insns = 0;
  std::uint64_t stack_bytes = 0;
};
using Budget = std::map<std::string, Limit>;

// Lines of "program insns stack_bytes"; '#' starts a comment. A malformed or repeated line is an error naming it.
[[nodiscard]] Result<Budget> read_budget(const std::string& path);

// The most expensive permutation of each program.
[[nodiscard]] Budget worst_of(const std::vector<Cost>& costs);

// One sentence for each program that is beyond its limit, has none, or is only in the budget.
[[nodiscard]] std::vector<std::string> violations(const Budget& worst, const Budget& budget);

}  // namespace sp::verifier
