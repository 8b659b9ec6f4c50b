// SPDX-License-Identifier: Apache-2.0
// All claims of all benchmarks in one table: what was promised, what was measured, and whether it holds.
#pragma once

#include <string>
#include <vector>

#include "bench/report/results.h"

namespace sp::bench {

// For the terminal: what has a target, and how many more there are.
[[nodiscard]] std::string overview_text(const std::vector<Results>& all);
// For documents: what has a target, what has none in a table of its own, the machine, the date and the method of each
// benchmark.
[[nodiscard]] std::string overview_markdown(const std::vector<Results>& all);
// "41 of 43 targets hold"
[[nodiscard]] std::string tally(const std::vector<Results>& all);

}  // namespace sp::bench
