// SPDX-License-Identifier: Apache-2.0
// Aging: sweeps idle connections out of the flow tables, in slices between which everything else gets its turn.
#pragma once

#include <chrono>

#include "loader/kernel/data_plane.h"
#include "loader/util/event_loop.h"
#include "loader/util/log.h"
#include "loader/util/result.h"

namespace sp::agent {

class Aging {
 public:
  // Both must outlive this, and this must outlive the loop's run().
  Aging(EventLoop& loop, kernel::DataPlane& plane) : loop_(loop), plane_(plane) {}
  Aging(const Aging&) = delete;
  Aging& operator=(const Aging&) = delete;

  // Begins a sweep every `interval` after the last one has ended; kCalm times as seldom while the tables are all but
  // empty, because walking empty buckets is all that an idle agent would do (13 ms of CPU for the default sizes).
  [[nodiscard]] Result<void> start(std::chrono::seconds interval);

  // Flows visited in one slice: few enough that a change of the cluster does not wait long behind one.
  static constexpr std::size_t kSliceFlows = 8192;
  // Up to so many flows nothing is gained by looking often.
  static constexpr std::size_t kFewFlows = 16384;
  static constexpr int kCalm = 6;

 private:
  void slice();
  void rest();

  EventLoop& loop_;
  kernel::DataPlane& plane_;
  std::chrono::seconds interval_{};
  EventLoop::Timer slice_timer_{};
  bool sweeping_ = false;
  EventLoop::Clock::time_point sweep_start_;
  log::Repeats failures_{std::chrono::minutes(1)};
};

}  // namespace sp::agent
