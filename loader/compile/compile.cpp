// SPDX-License-Identifier: Apache-2.0
// The compile step, in order: look at the node, let objects claim frontends, settle the claims.
#include "loader/compile/compile.h"

#include "loader/compile/frontends.h"
#include "loader/compile/host_port.h"
#include "loader/compile/node_view.h"
#include "loader/compile/precedence.h"

namespace sp::compile {

Output compile(const model::Cluster& cluster, const node::Facts& facts, const Options& options) {
  const NodeView node(cluster, facts, options);
  Plan plan;
  plan_services(cluster, node, plan);
  plan_host_ports(cluster, node, plan);
  return resolve(std::move(plan));
}

}  // namespace sp::compile
