// SPDX-License-Identifier: Apache-2.0
// hostPort rows.
#include "loader/compile/host_port.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "loader/compile/row_name.h"
#include "loader/compile/source_class.h"

namespace sp::compile {
namespace {

bool has_host_ports(const model::Pod& pod, const NodeView& node) {
  return has_own_network(pod, node.name()) &&
         std::any_of(pod.ports.begin(), pod.ports.end(), [](const auto& port) { return port.host_port != 0; });
}

// A Pod of unknown age counts as the youngest: it must not push out one whose age is known.
std::int64_t created(const model::Pod& pod) {
  return pod.created_s == 0 ? std::numeric_limits<std::int64_t>::max() : pod.created_s;
}

// Where one container port is wanted, in one family.
struct Addresses {
  std::vector<Ip> for_everybody;
  std::optional<Ip> for_this_node;  // a loopback address: nobody else can name it
  Rank rank = Rank::host_port_wildcard;
};

Addresses addresses_for(const model::Pod& pod, const model::ContainerPort& port, Family family, const NodeView& node,
                        std::vector<Problem>& problems) {
  if (port.host_ip && port.host_ip->family() != family) {
    return {};
  }
  if (!port.host_ip || port.host_ip->is_unspecified()) {
    return {node.outside_addresses(family), loopback(family), Rank::host_port_wildcard};
  }
  if (port.host_ip->is_loopback()) {
    return {{}, port.host_ip, Rank::host_port_exact};
  }
  if (!node.has_address(*port.host_ip)) {
    problems.push_back({"Pod " + model::key_of(pod.meta).text(),
                        "spec.containers.ports.hostIP: " + address_text(*port.host_ip, port.host_port, port.protocol) +
                            " cannot be reached: node " + std::string(node.name()) + " has no such address"});
    return {};
  }
  return {{*port.host_ip}, {}, Rank::host_port_exact};
}

void plan_port(const model::Pod& pod, const model::ContainerPort& port, const Ip& pod_ip, const NodeView& node,
               ObjectPlan& plan) {
  const Addresses at = addresses_for(pod, port, pod_ip.family(), node, plan.problems);
  if (at.for_everybody.empty() && !at.for_this_node) {
    return;
  }
  const auto row = static_cast<std::uint32_t>(plan.rows.size());
  PlannedRow& planned = plan.rows.emplace_back();
  planned.name = host_port_row_name(pod, port, pod_ip.family(), at.rank == Rank::host_port_exact);
  planned.row.backends = {Backend{pod_ip, port.container_port, true}};
  planned.row.serving = planned.row.backends;
  const auto claim = [&](const Ip& ip, sp_scope client) {
    const Treatment how = treatment_of(SP_KIND_HOST_PORT, client, {});
    plan.claims.push_back({Frontend{ip, port.host_port, port.protocol, client}, at.rank,
                           static_cast<std::uint16_t>(SP_FRONTEND_NODE_ADDR | how.flags), row});
  };
  for (const Ip& ip : at.for_everybody) {
    for (const sp_scope client : kSourceClasses) {
      claim(ip, client);
    }
  }
  if (at.for_this_node) {
    claim(*at.for_this_node, SP_SCOPE_HOST);
  }
}

}  // namespace

ObjectPlan plan_host_ports(const model::Pod& pod, const NodeView& node, const PodAddresses& addresses) {
  ObjectPlan plan;
  if (!has_host_ports(pod, node)) {
    return plan;
  }
  plan.age = created(pod);
  for (const model::ContainerPort& port : pod.ports) {
    if (port.host_port == 0) {
      continue;
    }
    for (const Ip& pod_ip : pod.ips) {
      if (!addresses.is_passed_on(pod, pod_ip)) {
        plan_port(pod, port, pod_ip, node, plan);
      }
    }
  }
  return plan;
}

}  // namespace sp::compile
