// SPDX-License-Identifier: Apache-2.0
// Whose a chain or a set is, by its name. The names are listed, not guessed by "KUBE-": kubelet, kube-router and
// network policies use that prefix, too.
#pragma once

#include <string_view>

namespace sp::takeover {

// kube-proxy's in any mode and version. kubelet's (KUBE-FIREWALL, KUBE-MARK-DROP, KUBE-KUBELET-CANARY,
// KUBE-IPTABLES-HINT) are not.
[[nodiscard]] bool is_proxy_chain(std::string_view table, std::string_view chain);
// One that stands for a service or an endpoint of it: KUBE-SVC-*, KUBE-SEP-* and their like.
[[nodiscard]] bool is_service_chain(std::string_view chain);
// The portmap plugin's: CNI-HOSTPORT-* and a CNI-DN-* for each Pod.
[[nodiscard]] bool is_host_port_chain(std::string_view chain);
// An ipset of kube-proxy's ipvs mode, of either family.
[[nodiscard]] bool is_proxy_set(std::string_view name);
// True for the chains that the kernel has from the start, into which everybody puts jumps.
[[nodiscard]] bool is_builtin_chain(std::string_view chain);

}  // namespace sp::takeover
