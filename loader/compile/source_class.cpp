// SPDX-License-Identifier: Apache-2.0
// Source classes: the table, row by row.
#include "loader/compile/source_class.h"

namespace sp::compile {
namespace {

using model::TrafficPolicy;

// Replies to clients inside come by here without any masquerading; those to the outside would not.
std::uint16_t kept_source(sp_scope client) {
  return client == SP_SCOPE_EXTERNAL ? 0 : SP_FRONTEND_KEEP_SOURCE;
}

// Whoever is inside may leave externalTrafficPolicy: Local aside. Without a detector nobody says who a
// Pod is, only which processes are the node's.
TrafficPolicy external_policy_for(sp_scope client, const Policies& policies) {
  const bool inside = client == SP_SCOPE_HOST || (client == SP_SCOPE_POD && policies.detects_pods);
  return inside ? TrafficPolicy::cluster : policies.external;
}

// Which source address a process of the node will use is known per packet only, unless the node's own is allowed.
std::uint16_t range_flags(sp_scope client, const Policies& policies) {
  if (!policies.has_ranges || (client == SP_SCOPE_HOST && policies.ranges_have_node)) {
    return 0;
  }
  return client == SP_SCOPE_EXTERNAL ? SP_FRONTEND_SOURCE_RANGES : SP_FRONTEND_SOURCE_RANGES | SP_FRONTEND_PACKETS;
}

}  // namespace

Treatment treatment_of(sp_frontend_kind kind, sp_scope client, const Policies& policies) {
  if (kind == SP_KIND_HOST_PORT) {
    return {TrafficPolicy::cluster, kept_source(client)};
  }
  if (kind == SP_KIND_CLUSTER_IP) {
    const bool masquerade = client == SP_SCOPE_POD && policies.masquerade_all;
    return {policies.internal, masquerade ? std::uint16_t{SP_FRONTEND_PACKETS} : kept_source(client)};
  }
  const std::uint16_t ranges = kind == SP_KIND_LOAD_BALANCER ? range_flags(client, policies) : 0;
  return {external_policy_for(client, policies), static_cast<std::uint16_t>(kept_source(client) | ranges)};
}

}  // namespace sp::compile
