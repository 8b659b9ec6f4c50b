// SPDX-License-Identifier: Apache-2.0
// Asks whether anybody has a filter under a device's clsact qdisc, which libbpf cannot tell.
#pragma once

#include <cstdint>

#include "loader/util/result.h"

namespace sp::kernel {

// Both directions, all kinds of filters. False when the device or its clsact is gone.
[[nodiscard]] Result<bool> has_tc_filters(std::uint32_t ifindex);

}  // namespace sp::kernel
