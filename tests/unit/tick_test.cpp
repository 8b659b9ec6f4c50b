// SPDX-License-Identifier: Apache-2.0
#include "loader/kernel/tick.h"

#include <gtest/gtest.h>

#include "loader/util/ticks.h"

namespace sp::kernel {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

// Low 32 bits of jiffies after `seconds`.
std::uint32_t jiffies_at(std::uint64_t seconds, std::uint32_t hz) {
  return static_cast<std::uint32_t>(seconds * hz) - 300 * hz;
}

TEST(Tick, FindsTheHzOfEveryKernelAtAnyAge) {
  for (const std::uint32_t hz : {100U, 250U, 300U, 1000U}) {
    for (const std::uint64_t seconds : {1UL, 299UL, 301UL, 86400UL, 10UL * 365 * 86400})
      EXPECT_EQ(hz_of(jiffies_at(seconds, hz), seconds * kSecond), hz) << hz << " after " << seconds << " s";
  }
}

TEST(Tick, ForgivesClocksThatDriftedApart) {
  EXPECT_EQ(hz_of(jiffies_at(86400, 250) + 200, 86400 * kSecond), 250U);
}

TEST(Tick, RefusesToGuess) {
  EXPECT_EQ(hz_of(123456789, 1000 * kSecond), std::nullopt);
}

TEST(Tick, ScaleTurnsJiffiesIntoTicksOfTheMonotonicClock) {
  for (const std::uint32_t hz : {100U, 250U, 300U, 1000U}) {
    const TickScale scale = tick_scale(hz);
    const std::uint64_t seconds = 400UL * 86400;
    const std::uint64_t jiffies = scale.base + seconds * hz;
    const std::uint64_t tick = (jiffies - scale.base) * scale.mult >> 32;
    EXPECT_NEAR(static_cast<double>(tick), static_cast<double>((seconds * kSecond) >> 30), 1.0) << hz;
  }
}

TEST(Tick, TheDefaultAffinityTimeoutReadsBackAsItWasGiven) {
  EXPECT_EQ(seconds_of_ticks(ticks_of_seconds(10800)), 10800U);
}

TEST(Tick, DefaultsOfThePacketPathAreThoseOfDebian) {
  // bpf/config.h
  EXPECT_EQ(tick_scale(250).base, static_cast<std::uint32_t>(-300 * 250));
  EXPECT_EQ(tick_scale(250).mult, 16000000U);
}

}  // namespace
}  // namespace sp::kernel
