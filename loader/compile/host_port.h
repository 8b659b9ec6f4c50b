// SPDX-License-Identifier: Apache-2.0
// hostPort: a port of this node's addresses that leads to one Pod of this node (service-semantics 4.2).
#pragma once

#include "loader/compile/node_view.h"
#include "loader/compile/precedence.h"
#include "loader/model/cluster.h"

namespace sp::compile {

// Adds the rows and claims of this node's Pods, oldest Pod first. A Pod need not be ready; it must have an address and
// must not have ended. Wildcard host addresses become one claim for each address of the node.
void plan_host_ports(const model::Cluster& cluster, const NodeView& node, Plan& plan);

}  // namespace sp::compile
