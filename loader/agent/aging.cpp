// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/aging.h"

namespace sp::agent {

Result<void> Aging::start(std::chrono::seconds interval) {
  SP_TRY_ASSIGN(slice_timer, loop_.add_timer([this] { slice(); }));
  slice_timer_ = slice_timer;
  SP_TRY_ASSIGN(sweep_timer, loop_.add_timer([this] {
    if (!sweeping_) {
      sweeping_ = true;
      sweep_start_ = EventLoop::Clock::now();
      slice();
    }
  }));
  loop_.start_every(sweep_timer, interval);
  return {};
}

void Aging::slice() {
  const auto done = plane_.age(kSliceFlows);
  if (!done) {
    sweeping_ = false;
    if (const auto held_back = failures_.admit("age", EventLoop::Clock::now())) {
      log::error("aging", "{}: idle connections stay in the tables; held_back={}", done.error().text(), *held_back);
    }
    return;
  }
  if (!*done) {
    loop_.start_once(slice_timer_, std::chrono::nanoseconds::zero());
    return;
  }
  sweeping_ = false;
  log::debug("aging", "swept took_us={}",
             std::chrono::duration_cast<std::chrono::microseconds>(EventLoop::Clock::now() - sweep_start_).count());
}

}  // namespace sp::agent
