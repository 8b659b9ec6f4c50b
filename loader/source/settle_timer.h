// SPDX-License-Identifier: Apache-2.0
// SettleTimer: a pollable alarm that tells when entries of a folder have been left alone for a moment.
#pragma once

#include <chrono>

#include "loader/util/fd.h"
#include "loader/util/result.h"

namespace sp::source {

class SettleTimer {
 public:
  [[nodiscard]] static Result<SettleTimer> open();

  [[nodiscard]] int fd() const { return fd_.get(); }
  // Replaces an alarm that was set before.
  void set(std::chrono::milliseconds delay);
  void clear();
  // Whether the alarm went off since it was set; never blocks.
  [[nodiscard]] bool take_expired();

 private:
  explicit SettleTimer(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace sp::source
