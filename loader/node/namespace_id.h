// SPDX-License-Identifier: Apache-2.0
// Numbers by which a network namespace knows others: what netlink says of a device's other end
// (Device::peer_namespace).
#pragma once

#include <cstdint>
#include <optional>

#include "loader/node/netlink.h"
#include "loader/util/fd.h"
#include "loader/util/result.h"

namespace sp::node {

// The number that the namespace of `socket` has for `other`; nothing when it has none, or `other` is no namespace.
[[nodiscard]] Result<std::optional<std::int32_t>> namespace_id(nl_sock* socket, const Fd& other);

}  // namespace sp::node
