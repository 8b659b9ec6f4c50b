// SPDX-License-Identifier: Apache-2.0
// Spread: what is told of a quantity that was measured again and again in one run.
#pragma once

#include <cstddef>
#include <vector>

namespace sp::bench {

// Quartiles. A median alone hides how noisy the machine was.
struct Spread {
  double q1 = 0;
  double median = 0;
  double q3 = 0;
  std::size_t rounds = 0;
};

// Of no value at all: zeros, with rounds = 0.
[[nodiscard]] Spread spread_of(std::vector<double> values);

// Round by round, of two series that were measured in turns: a / b, and a - b. The shorter one ends it.
[[nodiscard]] Spread ratio_of(const std::vector<double>& a, const std::vector<double>& b);
[[nodiscard]] Spread difference_of(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace sp::bench
