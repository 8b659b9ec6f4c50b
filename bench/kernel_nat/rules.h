// SPDX-License-Identifier: Apache-2.0
// The kernel's own NAT, programmed as kube-proxy programs it: what Sallyport is measured against.
//
// Tables, chains, maps and the order of their rules have kube-proxy's shape (nftables mode: verdict maps over
// address . protocol . port, a chain for each Service and each endpoint, `numgen random`; iptables mode: a chain for
// each Service and endpoint, probabilities), with nothing left out that a packet of a NodePort or ClusterIP meets.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "loader/util/ip.h"

namespace sp::bench {

// One port of a Service.
struct NatService {
  std::string name;  // "default/web-17"; unique
  Ip cluster_ip;
  std::uint16_t port = 80;
  std::uint16_t node_port = 0;  // 0: none
  bool is_udp = false;
  // kube-proxy masquerades what comes to a NodePort unless externalTrafficPolicy is Local.
  bool keeps_client = false;
  std::vector<std::pair<Ip, std::uint16_t>> endpoints;
};

// `count` TCP Services of `endpoints` endpoints each, all endpoints of one Service different; NodePorts count up from
// 30000 for as many as the range 30000-32767 holds, the rest have a ClusterIP alone. `first` becomes Service 0.
[[nodiscard]] std::vector<NatService> services_around(const NatService& first, std::uint32_t count,
                                                      std::uint32_t endpoints);

// Input for `nft -f` that makes the whole table anew, as kube-proxy does at its start. All Services of one family.
// NodePorts are served at `node_ips`; without any, at every address of the node (--nodeport-addresses).
[[nodiscard]] std::string nftables_of(const std::vector<NatService>& services, const std::vector<Ip>& node_ips = {});
// Input for `nft -f` that takes `service` from what it was to `now`: one transaction with what kube-proxy writes then,
// the end of chains that fell out of use included, which it leaves to its next one. Both have endpoints.
[[nodiscard]] std::string nftables_change(const NatService& was, const NatService& now);
// Input for iptables-restore --noflush (ip6tables-restore for IPv6).
[[nodiscard]] std::string iptables_of(const std::vector<NatService>& services);

}  // namespace sp::bench
