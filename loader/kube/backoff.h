// SPDX-License-Identifier: Apache-2.0
// Backoff: how long to wait before the next try: a random time below a bound that doubles with each failure, so that
// nodes that lost the server together do not come back together. No clock.
#pragma once

#include <chrono>
#include <functional>

namespace sp::kube {

// A number in [0, 1).
using Random = std::function<double()>;
[[nodiscard]] Random seeded_random();

class Backoff {
 public:
  using Delay = std::chrono::milliseconds;

  Backoff(Delay first, Delay longest, Random random)
      : first_(first), longest_(longest), bound_(first), random_(std::move(random)) {}

  // At least a tenth of the bound: a random zero is no wait.
  [[nodiscard]] Delay next();
  void reset() { bound_ = first_; }

 private:
  Delay first_;
  Delay longest_;
  Delay bound_;
  Random random_;
};

}  // namespace sp::kube
