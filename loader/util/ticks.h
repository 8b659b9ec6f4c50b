// SPDX-License-Identifier: Apache-2.0
// Seconds to ticks of 2^SP_TICK_SHIFT ns and back: the one place where user space converts them.
#pragma once

#include <cstdint>

#include "maps/flow.h"

namespace sp {

// Rounds up: a timeout never ends early.
[[nodiscard]] constexpr std::uint32_t ticks_of_seconds(std::uint32_t seconds) {
  constexpr std::uint64_t kTickNs = std::uint64_t{1} << SP_TICK_SHIFT;
  return static_cast<std::uint32_t>((seconds * std::uint64_t{1'000'000'000} + kTickNs - 1) / kTickNs);
}

// The largest number of seconds that has these ticks.
[[nodiscard]] constexpr std::uint32_t seconds_of_ticks(std::uint32_t ticks) {
  return static_cast<std::uint32_t>((std::uint64_t{ticks} << SP_TICK_SHIFT) / 1'000'000'000);
}

}  // namespace sp
