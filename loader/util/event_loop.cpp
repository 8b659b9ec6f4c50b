// SPDX-License-Identifier: Apache-2.0
#include "loader/util/event_loop.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>

namespace sp {
namespace {

timespec to_timespec(std::chrono::nanoseconds span) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span);
  return {.tv_sec = seconds.count(), .tv_nsec = (span - seconds).count()};
}

std::uint32_t to_events(EventLoop::Interest interest) {
  switch (interest) {
    case EventLoop::Interest::read:
      return EPOLLIN;
    case EventLoop::Interest::write:
      return EPOLLOUT;
    case EventLoop::Interest::read_write:
      break;
  }
  return EPOLLIN | EPOLLOUT;
}

}  // namespace

Result<EventLoop> EventLoop::create() {
  Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) {
    return errno_error(errno, "event loop: epoll_create1");
  }
  return EventLoop(std::move(epoll));
}

Result<void> EventLoop::watch(int fd, Callback ready, Interest interest) {
  epoll_event event{};
  event.events = to_events(interest);
  event.data.fd = fd;
  const int operation = callbacks_.contains(fd) ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (::epoll_ctl(epoll_.get(), operation, fd, &event) != 0) {
    return errno_error(errno, "event loop: watch a descriptor");
  }
  callbacks_[fd] = std::make_shared<Callback>(std::move(ready));
  return {};
}

void EventLoop::forget(int fd) {
  if (callbacks_.erase(fd) > 0) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  }
}

Result<EventLoop::Timer> EventLoop::add_timer(Callback expired) {
  Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer.valid()) {
    return errno_error(errno, "event loop: timerfd_create");
  }
  const int fd = timer.get();
  SP_TRY(watch(fd, [fd, expired = std::move(expired)] {
    std::uint64_t expiries = 0;
    // A timer that was started anew since its event has nothing to read: it expires later.
    if (::read(fd, &expiries, sizeof expiries) == sizeof expiries) {
      expired();
    }
  }));
  timers_.emplace(fd, std::move(timer));
  return Timer{fd};
}

void EventLoop::start_once(Timer timer, std::chrono::nanoseconds delay) {
  start(timer, delay, std::chrono::nanoseconds::zero());
}

void EventLoop::start_every(Timer timer, std::chrono::nanoseconds interval) {
  start(timer, interval, interval);
}

void EventLoop::cancel(Timer timer) {
  const itimerspec never{};
  ::timerfd_settime(static_cast<int>(timer), 0, &never, nullptr);
}

void EventLoop::remove(Timer timer) {
  forget(static_cast<int>(timer));
  timers_.erase(static_cast<int>(timer));
}

void EventLoop::start(Timer timer, std::chrono::nanoseconds first, std::chrono::nanoseconds interval) {
  // A timerfd that is set to zero never expires.
  const itimerspec spec{.it_interval = to_timespec(interval),
                        .it_value = to_timespec(std::max(first, std::chrono::nanoseconds(1)))};
  ::timerfd_settime(static_cast<int>(timer), 0, &spec, nullptr);
}

Result<void> EventLoop::on_signals(std::initializer_list<int> signals, std::function<void(int)> received) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) {
    sigaddset(&set, signal);
  }
  if (const int err = ::pthread_sigmask(SIG_BLOCK, &set, nullptr); err != 0) {
    return errno_error(err, "event loop: block signals");
  }
  signals_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.valid()) {
    return errno_error(errno, "event loop: signalfd");
  }
  const int fd = signals_.get();
  return watch(fd, [fd, received = std::move(received)] {
    signalfd_siginfo info{};
    while (::read(fd, &info, sizeof info) == sizeof info) {
      received(static_cast<int>(info.ssi_signo));
    }
  });
}

Result<void> EventLoop::run() {
  running_ = true;
  while (running_) {
    SP_TRY(serve(-1));
  }
  return {};
}

Result<void> EventLoop::turn() {
  running_ = true;
  return serve(0);
}

Result<void> EventLoop::serve(int timeout_ms) {
  std::array<epoll_event, 16> events{};
  const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout_ms);
  const int err = errno;
  woke_at_ = Clock::now();
  if (ready < 0 && err != EINTR) {
    return errno_error(err, "event loop: epoll_wait");
  }
  // A callback may close a descriptor, and another open one with its number: events belong to those who watched when
  // they were reported. Whoever watches now is told in the next turn, if there is something to tell.
  std::array<std::shared_ptr<Callback>, 16> watchers;
  for (int i = 0; i < ready; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const auto found = callbacks_.find(events.at(at).data.fd);
    watchers.at(at) = found == callbacks_.end() ? nullptr : found->second;
  }
  for (int i = 0; i < ready && running_; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const auto found = callbacks_.find(events.at(at).data.fd);
    if (found != callbacks_.end() && found->second == watchers.at(at)) {
      (*watchers.at(at))();
    }
  }
  return {};
}

}  // namespace sp
