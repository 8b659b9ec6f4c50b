// SPDX-License-Identifier: Apache-2.0
// Frontends of Services: ClusterIPs, load balancer addresses, externalIPs and nodePorts, for every class of clients.
#pragma once

#include "loader/compile/endpoints.h"
#include "loader/compile/node_port_owners.h"
#include "loader/compile/node_view.h"
#include "loader/compile/object_plan.h"
#include "loader/model/cluster.h"

namespace sp::compile {

// What a Service's plan depends on besides the Service.
struct Surroundings {
  const model::Cluster& cluster;
  const NodeView& node;
  const NodePortOwners& node_ports;
  EndpointIndex& endpoints;
};

// Not headless, not ExternalName, not another proxy's.
[[nodiscard]] bool is_ours(const model::Service& service);

// What a Service asks for; of one that is another proxy's, only its addresses. Its nodePorts are known to `around`.
[[nodiscard]] ObjectPlan plan_service(const model::Service& service, const Surroundings& around);

// The policy that frontends other than the ClusterIP follow. externalTrafficPolicy of a Service that the outside cannot
// reach by any address of its own is ignored (section 2.3).
[[nodiscard]] model::TrafficPolicy external_policy(const model::Service& service);

// spec.loadBalancerSourceRanges as far as it restricts `family`; empty = everybody may come.
[[nodiscard]] std::vector<Prefix> source_ranges(const model::Service& service, Family family, const NodeView& node);

}  // namespace sp::compile
