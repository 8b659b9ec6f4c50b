// SPDX-License-Identifier: Apache-2.0
// ChangeBatch: changes that the source told of and that are not in force yet, because minSyncPeriod is not over
//
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "loader/model/object_id.h"
#include "loader/util/event_loop.h"
#include "loader/util/sort_unique.h"

namespace sp::agent {

class ChangeBatch {
 public:
  using TimePoint = EventLoop::Clock::time_point;

  // `since`: when they were noticed.
  void add(const std::vector<model::ObjectId>& changed, TimePoint since) {
    changed_.insert(changed_.end(), changed.begin(), changed.end());
    since_ = since_.value_or(since);
  }

  [[nodiscard]] bool empty() const { return !since_; }

  struct Due {
    std::vector<model::ObjectId> changed;  // sorted, each once
    TimePoint since;                       // of the oldest
  };
  // All of it; nothing when nothing was added since the last call.
  [[nodiscard]] std::optional<Due> take() {
    if (!since_) {
      return std::nullopt;
    }
    sort_unique(changed_);
    return Due{std::exchange(changed_, {}), *std::exchange(since_, std::nullopt)};
  }

 private:
  std::vector<model::ObjectId> changed_;
  std::optional<TimePoint> since_;
};

}  // namespace sp::agent
