// SPDX-License-Identifier: Apache-2.0
// Which IPVS virtual servers and ipsets are kube-proxy's, from what ipvsadm and ipset print. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loader/util/ip.h"

namespace sp::takeover {

// The device that holds the addresses of Services in kube-proxy's ipvs mode.
inline constexpr const char* kIpvsDevice = "kube-ipvs0";

struct ProxySets {
  std::vector<std::string> names{};
  // Ports of the sets for nodePorts: their virtual servers stand on the node's own addresses.
  std::set<std::pair<Protocol, std::uint16_t>> node_ports{};
};
// `saved`: what `ipset save` prints.
[[nodiscard]] ProxySets find_proxy_sets(std::string_view saved);

// `saved`: what `ipvsadm --save --numeric` prints. Returns the servers that are kube-proxy's as ipvsadm names them
// ("-t 10.96.0.1:443"): those on an address of kube-ipvs0, and nodePorts. Others share the table (keepalived, say).
[[nodiscard]] std::vector<std::string> find_proxy_servers(std::string_view saved, const std::set<Ip>& vips,
                                                          const ProxySets& sets);

}  // namespace sp::takeover
