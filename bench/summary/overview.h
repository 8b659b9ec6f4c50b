// SPDX-License-Identifier: Apache-2.0
// All claims of all benchmarks in one table: what was promised, what was measured, and whether it holds.
#pragma once

#include <string>
#include <vector>

#include "bench/report/results.h"

namespace sp::bench {

// For the terminal.
[[nodiscard]] std::string overview_text(const std::vector<Results>& all);
// The same for documents, with the machine, the date and the method of each benchmark below.
[[nodiscard]] std::string overview_markdown(const std::vector<Results>& all);
// "41 of 43 targets hold"
[[nodiscard]] std::string tally(const std::vector<Results>& all);

}  // namespace sp::bench
