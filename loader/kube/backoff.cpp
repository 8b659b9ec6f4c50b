// SPDX-License-Identifier: Apache-2.0
#include "loader/kube/backoff.h"

#include <algorithm>
#include <memory>
#include <random>

namespace sp::kube {

Random seeded_random() {
  auto engine = std::make_shared<std::minstd_rand>(std::random_device{}());
  return [engine] { return std::uniform_real_distribution<double>(0.0, 1.0)(*engine); };
}

Backoff::Delay Backoff::next() {
  const Delay bound = bound_;
  bound_ = std::min(longest_, bound_ * 2);
  const auto spread = static_cast<double>((bound - bound / 10).count());
  return bound / 10 + Delay(static_cast<Delay::rep>(spread * random_()));
}

}  // namespace sp::kube
