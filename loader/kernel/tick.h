// SPDX-License-Identifier: Apache-2.0
// HZ: how many jiffies this kernel counts in a second. The packet path keeps time in jiffies (bpf/config.h), and no
// file tells their rate on every machine.
#pragma once

#include <cstdint>
#include <optional>

#include "loader/util/result.h"

namespace sp::kernel {

// The HZ that explains a reading: the low 32 bits of jiffies, `uptime_ns` of CLOCK_MONOTONIC after the start. Jiffies
// start at -300 seconds (INITIAL_JIFFIES in include/linux/jiffies.h). Nothing when no HZ that Linux offers comes close.
[[nodiscard]] std::optional<std::uint32_t> hz_of(std::uint32_t jiffies, std::uint64_t uptime_ns);

// Reads jiffies with a BPF program of two instructions.
[[nodiscard]] Result<std::uint32_t> kernel_hz();

// jiffies -> ticks of 2^30 ns: (jiffies - base) * mult >> 32.
struct TickScale {
  std::uint64_t base = 0;
  std::uint64_t mult = 0;
};
[[nodiscard]] TickScale tick_scale(std::uint32_t hz);

}  // namespace sp::kernel
