// SPDX-License-Identifier: Apache-2.0
// EventLoop: the one thread that writes. Readable descriptors, timers and signals become callbacks, one at a time.
//
// Promises: a callback may watch and forget anything, itself included; a descriptor that was forgotten gets no further
// call, not even for an event that is already pending; run() returns soon after stop(). Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>

#include "loader/util/fd.h"
#include "loader/util/result.h"

namespace sp {

class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;
  using Callback = std::function<void()>;
  // Names a timer; valid until remove().
  enum class Timer : int {};

  [[nodiscard]] static Result<EventLoop> create();

  enum class Interest : std::uint8_t { read, write, read_write };
  // Calls `ready` whenever `fd` is ready for what `interest` names (level-triggered), or has failed. Watching it again
  // replaces both. The caller keeps owning fd and forgets it before closing.
  [[nodiscard]] Result<void> watch(int fd, Callback ready, Interest interest = Interest::read);
  void forget(int fd);

  // A timer that is not running yet.
  [[nodiscard]] Result<Timer> add_timer(Callback expired);
  // Runs it once after `delay` (zero: in the next turn, after everything that is ready now), replacing a run under way.
  void start_once(Timer timer, std::chrono::nanoseconds delay);
  void cancel(Timer timer);
  // Ends a timer for good: it gets no further call, and its number may name another one later.
  void remove(Timer timer);
  // Runs it every `interval` (> 0), first after one interval. Expiries that were missed count as one.
  void start_every(Timer timer, std::chrono::nanoseconds interval);

  // From now on these signals are calls instead of interruptions. Once per loop; threads started later inherit it.
  [[nodiscard]] Result<void> on_signals(std::initializer_list<int> signals, std::function<void(int)> received);

  // Serves events until stop().
  [[nodiscard]] Result<void> run();
  // A loop within a loop: fd() is readable when turn() has something to do; turn() serves what is ready and does not
  // wait.
  [[nodiscard]] int fd() const { return epoll_.get(); }
  [[nodiscard]] Result<void> turn();
  void stop() { running_ = false; }
  // When the turn under way began: the wake-up that latencies are measured from.
  [[nodiscard]] Clock::time_point woke_at() const { return woke_at_; }

 private:
  explicit EventLoop(Fd epoll) : epoll_(std::move(epoll)) {}
  void start(Timer timer, std::chrono::nanoseconds first, std::chrono::nanoseconds interval);
  [[nodiscard]] Result<void> serve(int timeout_ms);

  Fd epoll_;
  Fd signals_;
  std::map<int, Fd> timers_;
  // Shared, so that a callback outlives its own forget().
  std::map<int, std::shared_ptr<Callback>> callbacks_;
  bool running_ = false;
  Clock::time_point woke_at_ = Clock::now();
};

}  // namespace sp
