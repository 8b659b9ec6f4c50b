// SPDX-License-Identifier: Apache-2.0
// SettleTimer over a timerfd on the monotonic clock.
#include "loader/source/settle_timer.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace sp::source {

Result<SettleTimer> SettleTimer::open() {
  Fd fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!fd.valid()) {
    return errno_error(errno, "timerfd: create");
  }
  return SettleTimer(std::move(fd));
}

void SettleTimer::set(std::chrono::milliseconds delay) {
  itimerspec alarm{};
  alarm.it_value.tv_sec = delay.count() / 1000;
  // One nanosecond more: an alarm of 0 would be none.
  alarm.it_value.tv_nsec = delay.count() % 1000 * 1'000'000 + 1;
  ::timerfd_settime(fd_.get(), 0, &alarm, nullptr);  // cannot fail: descriptor and values are valid
}

void SettleTimer::clear() {
  const itimerspec off{};
  ::timerfd_settime(fd_.get(), 0, &off, nullptr);
}

bool SettleTimer::take_expired() {
  std::uint64_t count = 0;
  return ::read(fd_.get(), &count, sizeof count) == sizeof count;
}

}  // namespace sp::source
