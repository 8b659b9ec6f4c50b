// SPDX-License-Identifier: Apache-2.0
// Tally: how many new flows each backend of a Service was given, in the order of the backends.
#pragma once

#include <cstdint>
#include <vector>

namespace sp::bench {

using Tally = std::vector<std::uint32_t>;

// The fullest backend less the emptiest.
[[nodiscard]] double range_of(const Tally& tally);
// The fullest backend over an even share.
[[nodiscard]] double excess_of(const Tally& tally);

}  // namespace sp::bench
