// SPDX-License-Identifier: Apache-2.0
// Journal: what tables noted since the last refresh(), on its way into a source::Update.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "loader/source/source.h"

namespace sp::kube {

class Journal {
 public:
  using Time = std::chrono::system_clock::time_point;

  // Trigger times before `started` are those of a former process, or of nobody's latency.
  explicit Journal(Time started) : started_(started) {}

  void add_changed(model::ObjectId id) { update_.changed.push_back(std::move(id)); }
  void add_complaint(std::string text) { update_.complaints.push_back({std::move(text)}); }
  void add_trigger(Time trigger) {
    if (trigger >= started_) {
      update_.triggers.push_back(trigger);
    }
  }
  [[nodiscard]] source::Update take();

 private:
  Time started_;
  source::Update update_;
};

}  // namespace sp::kube
