// SPDX-License-Identifier: Apache-2.0
// Durations as Go writes them: "30s", "1h0m0s", "1.5s", "250ms". Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sp::proxy {

// A sign, then numbers with fractions, each with its unit (ns us µs ms s m h); a bare 0 needs none. Nothing when the
// text is anything else or does not fit into 64 bits of nanoseconds.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text);
// The shortest text that Go prints: from one second on hours, minutes and seconds, below that one unit.
[[nodiscard]] std::string go_duration(std::chrono::nanoseconds span);

}  // namespace sp::proxy
