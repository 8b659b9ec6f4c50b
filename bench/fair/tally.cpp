// SPDX-License-Identifier: Apache-2.0
#include "bench/fair/tally.h"

#include <algorithm>
#include <numeric>

namespace sp::bench {

double range_of(const Tally& tally) {
  const auto [least, most] = std::minmax_element(tally.begin(), tally.end());
  return static_cast<double>(*most - *least);
}

double excess_of(const Tally& tally) {
  const double flows = std::accumulate(tally.begin(), tally.end(), 0.0);
  return *std::max_element(tally.begin(), tally.end()) * static_cast<double>(tally.size()) / flows;
}

}  // namespace sp::bench
