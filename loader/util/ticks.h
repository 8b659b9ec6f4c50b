// SPDX-License-Identifier: Apache-2.0
// Seconds to ticks of 2^SP_TICK_SHIFT ns and back: the one place where user space converts them.
#pragma once

#include <cstdint>
#include <ctime>

#include "maps/flow.h"

namespace sp {

// Rounds up: a timeout never ends early.
[[nodiscard]] constexpr std::uint32_t ticks_of_seconds(std::uint32_t seconds) {
  constexpr std::uint64_t kTickNs = std::uint64_t{1} << SP_TICK_SHIFT;
  return static_cast<std::uint32_t>((seconds * std::uint64_t{1'000'000'000} + kTickNs - 1) / kTickNs);
}

// The tick of this moment, as the packet path counts: of CLOCK_MONOTONIC.
[[nodiscard]] inline std::uint32_t current_tick() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::uint64_t ns =
      static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
  return static_cast<std::uint32_t>(ns >> SP_TICK_SHIFT);
}

// The largest number of seconds that has these ticks.
[[nodiscard]] constexpr std::uint32_t seconds_of_ticks(std::uint32_t ticks) {
  return static_cast<std::uint32_t>((std::uint64_t{ticks} << SP_TICK_SHIFT) / 1'000'000'000);
}

}  // namespace sp
