// SPDX-License-Identifier: Apache-2.0
#include "bench/update/order_clock.h"

#include <sched.h>

#include <chrono>

#include "bench/scheduled.h"

namespace sp::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kLimit{10};

}  // namespace

std::uint64_t load_word(const void* word) {
  using AliasedWord = std::uint64_t __attribute__((may_alias));
  return __atomic_load_n(static_cast<const AliasedWord*>(word), __ATOMIC_ACQUIRE);
}

Result<double> time_order(test::LabApi& api, const fake_api::WatchOrder& order, const void* word) {
  const std::uint64_t before = load_word(word);
  const auto began = Clock::now();
  api.api().order(order);
  // Who looks must not keep from running who writes. Not before the order is given: in it this thread has a lock that
  // the server's threads wait for, and who gives way would keep it.
  const Scheduled gives_way(SCHED_IDLE);
  while (load_word(word) == before) {
    // Whom the order woke on this CPU while it was not given way to would wait for the next tick, 4 ms at 250 Hz.
    ::sched_yield();
    if (Clock::now() - began > kLimit) return Error{0, "what the API server told has not arrived within 10 s"};
  }
  return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

}  // namespace sp::bench
