// SPDX-License-Identifier: Apache-2.0
// One question to the kernel each: devices, addresses, neighbours, default routes. All block for the answer only.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "loader/node/facts.h"
#include "loader/node/netlink.h"

struct rtnl_neigh;

namespace sp::node {

// A device with its own link-layer address, which flows cache as the source.
struct DeviceWithAddress {
  Device device;
  std::string link_address;  // bytes
  bool operator==(const DeviceWithAddress&) const = default;
};

[[nodiscard]] Result<std::vector<DeviceWithAddress>> dump_devices(nl_sock* socket);
// Link-local addresses and failed duplicates left out, in the kernel's order.
[[nodiscard]] Result<std::vector<Address>> dump_addresses(nl_sock* socket);
// Ifindexes of the main table's default routes, IPv4 first, no duplicates.
[[nodiscard]] Result<std::vector<std::uint32_t>> dump_default_route_devices(nl_sock* socket);

using NeighbourVisitor = std::function<void(std::uint32_t ifindex, const Ip& ip, std::string_view link_address)>;
[[nodiscard]] Result<void> dump_neighbours(nl_sock* socket, const NeighbourVisitor& visit);
// Calls `visit` when `neighbour` is an IP neighbour that is resolved.
void visit_if_resolved(rtnl_neigh* neighbour, const NeighbourVisitor& visit);

}  // namespace sp::node
