// SPDX-License-Identifier: Apache-2.0
// What kube-proxy calls its chains: a kind, a short hash of the Service's port and, in nftables mode, its name in full.
//
// Promises: the same input gives the same name, on every machine; names stay below the limits of nftables and iptables.
#pragma once

#include <string>

#include "bench/kernel_nat/rules.h"

namespace sp::bench {

using NatEndpoint = std::pair<Ip, std::uint16_t>;

// Pods have addresses of this range, everybody else is outside the cluster: kube-proxy's --cluster-cidr.
[[nodiscard]] std::string pod_range(Family family);
// The bit of the packet's mark that asks for a masqueraded source: kube-proxy's default.
inline constexpr const char* kMasqueradeMark = "0x4000";

[[nodiscard]] inline const char* protocol_of(const NatService& service) {
  return service.is_udp ? "udp" : "tcp";
}
// Address and port as a destination of NAT.
[[nodiscard]] std::string socket_text(const NatEndpoint& endpoint);

// nftables: service-, external-, local-.
[[nodiscard]] std::string nft_chain(const char* kind, const NatService& service);
[[nodiscard]] std::string nft_endpoint_chain(const NatService& service, const NatEndpoint& endpoint);

// iptables: KUBE-SVC-, KUBE-EXT-, KUBE-SVL-, KUBE-SEP-; no more than 28 characters.
[[nodiscard]] std::string iptables_chain(const char* kind, const NatService& service);
[[nodiscard]] std::string iptables_endpoint_chain(const NatService& service, const NatEndpoint& endpoint);

}  // namespace sp::bench
