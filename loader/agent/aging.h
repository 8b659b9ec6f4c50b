// SPDX-License-Identifier: Apache-2.0
// Aging: sweeps idle connections out of the flow tables, in slices between which everything else gets its turn.
#pragma once

#include <chrono>

#include "loader/util/event_loop.h"
#include "loader/kernel/data_plane.h"
#include "loader/util/log.h"
#include "loader/util/result.h"

namespace sp::agent {

class Aging {
 public:
  // Both must outlive this, and this must outlive the loop's run().
  Aging(EventLoop& loop, kernel::DataPlane& plane) : loop_(loop), plane_(plane) {}
  Aging(const Aging&) = delete;
  Aging& operator=(const Aging&) = delete;

  // Begins a sweep every `interval`, unless one is under way.
  [[nodiscard]] Result<void> start(std::chrono::seconds interval);

  // Flows visited in one slice: few enough that a manifest change does not wait long behind one.
  static constexpr std::size_t kSliceFlows = 65536;

 private:
  void slice();

  EventLoop& loop_;
  kernel::DataPlane& plane_;
  EventLoop::Timer slice_timer_{};
  bool sweeping_ = false;
  EventLoop::Clock::time_point sweep_start_;
  log::Repeats failures_{std::chrono::minutes(1)};
};

}  // namespace sp::agent
