// SPDX-License-Identifier: Apache-2.0
// Frontends of Services.
#include "loader/compile/frontends.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "loader/compile/row_name.h"
#include "loader/compile/selection.h"

namespace sp::compile {
namespace {

// Plans one port of one Service in one family.
class PortPlanner {
 public:
  PortPlanner(const model::Service& service, std::size_t port_index, Family family, const Surroundings& around,
              ObjectPlan& plan)
      : service_(service),
        port_index_(port_index),
        port_(service.ports[port_index]),
        family_(family),
        around_(around),
        node_(around.node),
        plan_(plan) {}

  void run(bool owns_node_port) {
    if (!has_frontends(owns_node_port)) {
      return;
    }
    candidates_ = around_.endpoints.collect(around_.cluster, node_, service_, port_index_, family_, plan_.problems);
    claim_vips(service_.cluster_ips, Rank::cluster_ip, service_.internal_policy, 0);
    const model::TrafficPolicy policy = external_policy(service_);
    claim_load_balancer(policy);
    if (node_.serves_external_ips()) {
      claim_vips(service_.external_ips, Rank::external_ip, policy, 0);
    }
    if (owns_node_port && !node_.node_port_addresses(family_).empty()) {
      const std::uint32_t row = row_of(policy);
      const Rank rank = plan_.rows[row].row.backends.empty() ? Rank::node_port_empty : Rank::node_port;
      for (const Ip& ip : node_.node_port_addresses(family_)) {
        claim(ip, port_.node_port, rank, row, SP_FRONTEND_NODE_ADDR);
      }
    }
  }

 private:
  [[nodiscard]] bool has_any(const std::vector<Ip>& ips) const {
    return std::any_of(ips.begin(), ips.end(), [&](const Ip& ip) { return ip.family() == family_; });
  }

  [[nodiscard]] bool has_frontends(bool owns_node_port) const {
    return has_any(service_.cluster_ips) || has_any(service_.ingress_ips) ||
           (node_.serves_external_ips() && has_any(service_.external_ips)) ||
           (owns_node_port && !node_.node_port_addresses(family_).empty());
  }

  // The row of a policy, made when first asked for: frontends of one policy share it, and with it the round-robin
  // cursor and the affinity of their clients.
  std::uint32_t row_of(model::TrafficPolicy policy) {
    auto& row = rows_[static_cast<std::size_t>(policy)];
    if (!row) {
      row = static_cast<std::uint32_t>(plan_.rows.size());
      PlannedRow& planned = plan_.rows.emplace_back();
      planned.name = service_row_name(service_, port_, family_, policy);
      planned.row = select(candidates_, policy, node_);
      if (service_.affinity_timeout_s) {
        planned.row.flags |= SP_SERVICE_AFFINITY;
        planned.row.affinity_timeout_s = *service_.affinity_timeout_s;
      }
    }
    return *row;
  }

  void claim_load_balancer(model::TrafficPolicy policy) {
    if (!has_any(service_.ingress_ips)) {
      return;
    }
    auto ranges = source_ranges(service_, family_, node_);
    const std::uint16_t flags = ranges.empty() ? 0 : SP_FRONTEND_SOURCE_RANGES;
    claim_vips(service_.ingress_ips, Rank::load_balancer, policy, flags);
    plan_.rows[row_of(policy)].source_ranges = std::move(ranges);
  }

  void claim_vips(const std::vector<Ip>& ips, Rank rank, model::TrafficPolicy policy, std::uint16_t flags) {
    for (const Ip& ip : ips) {
      if (ip.family() == family_) {
        const std::uint16_t here = node_.has_address(ip) ? SP_FRONTEND_NODE_ADDR : 0;
        claim(ip, port_.port, rank, row_of(policy), flags | here);
      }
    }
  }

  void claim(const Ip& ip, std::uint16_t number, Rank rank, std::uint32_t row, unsigned flags) {
    plan_.claims.push_back(
        {Frontend{ip, number, port_.protocol, SP_SCOPE_EXTERNAL}, rank, static_cast<std::uint16_t>(flags), row});
  }

  const model::Service& service_;
  std::size_t port_index_;
  const model::ServicePort& port_;
  Family family_;
  const Surroundings& around_;
  const NodeView& node_;
  ObjectPlan& plan_;
  std::vector<Candidate> candidates_;
  std::array<std::optional<std::uint32_t>, 2> rows_;
};

std::string port_field(std::size_t port_index) {
  return "spec.ports[" + std::to_string(port_index) + "]";
}

// Does this port have its nodePort? If it cannot, says why.
bool owns_node_port(const model::Service& service, std::size_t port_index, const NodePortOwners& owners,
                    std::vector<Problem>& problems) {
  const model::ServicePort& port = service.ports[port_index];
  if (port.node_port == 0) {
    return false;
  }
  const model::ObjectKey key = model::key_of(service.meta);
  const std::string what = port_field(port_index) + ".nodePort: " + port_text(port.node_port, port.protocol);
  if (!may_use_node_port(service, port_index)) {
    problems.push_back({"Service " + key.text(), what +
                                                     " is ignored because spec.type is ClusterIP: expected NodePort or "
                                                     "LoadBalancer"});
    return false;
  }
  const NodePortOwners::Want* const owner = owners.owner(port);
  if (owner == nullptr) {
    return false;  // the Service has changed, and will be told of as changed
  }
  if (*owner == NodePortOwners::Want{key, port_index}) {
    return true;
  }
  problems.push_back(
      {"Service " + key.text(), what + " is taken by Service " + owner->service.text() + ": the first by name wins"});
  return false;
}

}  // namespace

bool is_ours(const model::Service& service) {
  return !service.headless && !service.foreign_proxy && service.type != model::ServiceType::external_name;
}

ObjectPlan plan_service(const model::Service& service, const Surroundings& around) {
  ObjectPlan plan;
  for (std::size_t i = 0; i < service.ports.size(); ++i) {
    if (repeats_earlier_port(service, i)) {
      plan.problems.push_back(
          {"Service " + model::key_of(service.meta).text(),
           port_field(i) + ": repeats the name and protocol of an earlier port: the first one wins"});
      continue;
    }
    const bool owns = owns_node_port(service, i, around.node_ports, plan.problems);
    if (service.ipv4) {
      PortPlanner(service, i, Family::v4, around, plan).run(owns);
    }
    if (service.ipv6) {
      PortPlanner(service, i, Family::v6, around, plan).run(owns);
    }
  }
  return plan;
}

model::TrafficPolicy external_policy(const model::Service& service) {
  const bool heeds = service.type != model::ServiceType::cluster_ip || !service.external_ips.empty();
  return heeds ? service.external_policy : model::TrafficPolicy::cluster;
}

std::vector<Prefix> source_ranges(const model::Service& service, Family family, const NodeView& node) {
  std::vector<Prefix> ranges;
  for (const Prefix& range : service.source_ranges) {
    if (range.address.family() != family) {
      continue;
    }
    if (range.bits == 0) {
      return {};
    }
    ranges.push_back(range);
  }
  // A process of this node that dials a VIP bound here may have the VIP as its source address.
  const auto& own = node.primary(family);
  if (own && std::any_of(ranges.begin(), ranges.end(), [&](const Prefix& range) { return range.contains(*own); })) {
    for (const Ip& vip : service.ingress_ips) {
      if (vip.family() == family) {
        ranges.push_back(Prefix{vip, family == Family::v4 ? 32U : 128U});
      }
    }
  }
  std::sort(ranges.begin(), ranges.end());
  ranges.erase(std::unique(ranges.begin(), ranges.end()), ranges.end());
  return ranges;
}

}  // namespace sp::compile
