// SPDX-License-Identifier: Apache-2.0
// hostPort: a port of this node's addresses that leads to one Pod of this node (service-semantics 4.2).
#pragma once

#include "loader/compile/node_view.h"
#include "loader/compile/object_plan.h"
#include "loader/compile/pod_addresses.h"
#include "loader/model/pod.h"

namespace sp::compile {

// What `pod` asks for; nothing if it runs elsewhere. A Pod need not be ready; it must have an address that is still
// its own, and must not have ended. Wildcard host addresses become claims on each address of the node, and on its
// loopback address for its own processes. Among Pods the oldest wins.
[[nodiscard]] ObjectPlan plan_host_ports(const model::Pod& pod, const NodeView& node, const PodAddresses& addresses);

}  // namespace sp::compile
