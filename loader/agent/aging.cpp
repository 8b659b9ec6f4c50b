// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/aging.h"

namespace sp::agent {

Result<void> Aging::start(std::chrono::seconds interval) {
  SP_TRY_ASSIGN(timer, loop_.add_timer([this] { slice(); }));
  slice_timer_ = timer;
  interval_ = interval;
  loop_.start_once(slice_timer_, interval_);
  return {};
}

void Aging::slice() {
  const auto now = EventLoop::Clock::now();
  if (!sweeping_) {
    sweeping_ = true;
    sweep_start_ = now;
  }
  const auto done = plane_.age(kSliceFlows);
  if (!done) {
    if (const auto held_back = failures_.admit("age", now)) {
      log::error("aging", "{}: idle connections stay in the tables; held_back={}", done.error().text(), *held_back);
    }
    rest();
    return;
  }
  if (!*done) {
    loop_.start_once(slice_timer_, std::chrono::nanoseconds::zero());
    return;
  }
  log::debug("aging", "swept took_us={}",
             std::chrono::duration_cast<std::chrono::microseconds>(EventLoop::Clock::now() - sweep_start_).count());
  rest();
}

void Aging::rest() {
  sweeping_ = false;
  const auto [flows4, flows6] = plane_.flow_population();
  loop_.start_once(slice_timer_, flows4 + flows6 > kFewFlows ? interval_ : interval_ * kCalm);
}

}  // namespace sp::agent
