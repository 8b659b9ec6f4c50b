// SPDX-License-Identifier: Apache-2.0
// The names, from kube-proxy's releases 1.7 to 1.36.
#include "loader/takeover/owners.h"

#include <algorithm>
#include <array>

namespace sp::takeover {
namespace {

using namespace std::string_view_literals;

constexpr std::array kChains = {
    // iptables mode
    "KUBE-SERVICES"sv,
    "KUBE-EXTERNAL-SERVICES"sv,
    "KUBE-NODEPORTS"sv,
    "KUBE-POSTROUTING"sv,
    "KUBE-MARK-MASQ"sv,
    "KUBE-FORWARD"sv,
    "KUBE-PROXY-FIREWALL"sv,
    "KUBE-PROXY-CANARY"sv,
    // ipvs mode
    "KUBE-LOAD-BALANCER"sv,
    "KUBE-NODE-PORT"sv,
    "KUBE-SOURCE-RANGES-FIREWALL"sv,
    "KUBE-IPVS-FILTER"sv,
    "KUBE-IPVS-OUT-FILTER"sv,
    // userspace mode, gone since 1.26
    "KUBE-PORTALS-CONTAINER"sv,
    "KUBE-PORTALS-HOST"sv,
    "KUBE-NODEPORT-CONTAINER"sv,
    "KUBE-NODEPORT-HOST"sv,
    "KUBE-NODEPORT-NON-LOCAL"sv,
};

// One chain for each service, endpoint, or policy of a service.
constexpr std::array kChainPrefixes = {"KUBE-SVC-"sv, "KUBE-SVL-"sv, "KUBE-EXT-"sv,
                                       "KUBE-SEP-"sv, "KUBE-FW-"sv,  "KUBE-XLB-"sv};

constexpr std::array kSets = {
    "LOOP-BACK"sv,
    "CLUSTER-IP"sv,
    "EXTERNAL-IP"sv,
    "EXTERNAL-IP-LOCAL"sv,
    "LOAD-BALANCER"sv,
    "LOAD-BALANCER-FW"sv,
    "LOAD-BALANCER-LOCAL"sv,
    "LOAD-BALANCER-SOURCE-IP"sv,
    "LOAD-BALANCER-SOURCE-CIDR"sv,
    "NODE-PORT-TCP"sv,
    "NODE-PORT-LOCAL-TCP"sv,
    "NODE-PORT-UDP"sv,
    "NODE-PORT-LOCAL-UDP"sv,
    "NODE-PORT-SCTP"sv,
    "NODE-PORT-LOCAL-SCTP"sv,
    "NODE-PORT-SCTP-HASH"sv,
    "NODE-PORT-LOCAL-SCTP-HASH"sv,
    "HEALTH-CHECK-NODE-PORT"sv,
    "IPVS-IPS"sv,
};

constexpr std::array kBuiltinChains = {"PREROUTING"sv, "INPUT"sv, "FORWARD"sv, "OUTPUT"sv, "POSTROUTING"sv};

template <typename Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

bool is_proxy_chain(std::string_view table, std::string_view chain) {
  // In nat this name was the ipvs mode's, for source ranges; in filter it is kubelet's.
  if (chain == "KUBE-FIREWALL") return table == "nat";
  return contains(kChains, chain) || is_service_chain(chain);
}

bool is_service_chain(std::string_view chain) {
  return std::any_of(kChainPrefixes.begin(), kChainPrefixes.end(),
                     [chain](std::string_view prefix) { return chain.starts_with(prefix); });
}

bool is_host_port_chain(std::string_view chain) {
  return chain.starts_with("CNI-HOSTPORT-") || chain.starts_with("CNI-DN-") || chain.starts_with("CNI-SN-");
}

bool is_proxy_set(std::string_view name) {
  if (!name.starts_with("KUBE-")) return false;
  name.remove_prefix(5);
  if (name.starts_with("6-")) name.remove_prefix(2);
  return contains(kSets, name);
}

bool is_builtin_chain(std::string_view chain) {
  return contains(kBuiltinChains, chain);
}

}  // namespace sp::takeover
