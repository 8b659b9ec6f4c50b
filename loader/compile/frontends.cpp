// SPDX-License-Identifier: Apache-2.0
// Frontends of Services.
#include "loader/compile/frontends.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "loader/compile/precedence.h"
#include "loader/compile/row_name.h"
#include "loader/compile/selection.h"
#include "loader/compile/source_class.h"
#include "loader/util/sort_unique.h"

namespace sp::compile {
namespace {

// Is the node's own address one of those that may come?
bool allows_node(const std::vector<Prefix>& ranges, Family family, const NodeView& node) {
  const auto& own = node.primary(family);
  return own && std::any_of(ranges.begin(), ranges.end(), [&](const Prefix& range) { return range.contains(*own); });
}

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
    const bool node_port = owns_node_port && has_node_port_addresses();
    if (!has_frontends(node_port)) {
      return;
    }
    candidates_ = around_.endpoints.collect(around_.cluster, node_, service_, port_index_, family_, plan_.problems);
    find_policies();
    claim_vips(service_.cluster_ips, Rank::cluster_ip);
    claim_vips(service_.ingress_ips, Rank::load_balancer);
    if (node_.serves_external_ips()) {
      claim_vips(service_.external_ips, Rank::external_ip);
    }
    if (node_port) {
      claim_node_port();
    }
  }

 private:
  [[nodiscard]] bool has_any(const std::vector<Ip>& ips) const {
    return std::any_of(ips.begin(), ips.end(), [&](const Ip& ip) { return ip.family() == family_; });
  }

  [[nodiscard]] bool serves_loopback() const { return family_ == Family::v4 && node_.serves_loopback_node_ports(); }

  [[nodiscard]] bool has_node_port_addresses() const {
    return !node_.node_port_addresses(family_).empty() || serves_loopback();
  }

  [[nodiscard]] bool has_frontends(bool node_port) const {
    return has_any(service_.cluster_ips) || has_any(service_.ingress_ips) ||
           (node_.serves_external_ips() && has_any(service_.external_ips)) || node_port;
  }

  void find_policies() {
    if (has_any(service_.ingress_ips)) {
      ranges_ = source_ranges(service_, family_, node_);
    }
    policies_.internal = service_.internal_policy;
    policies_.external = external_policy(service_);
    policies_.has_ranges = !ranges_.empty();
    policies_.ranges_have_node = allows_node(ranges_, family_, node_);
    policies_.detects_pods = node_.detects_pods();
    policies_.masquerade_all = node_.masquerades_all();
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

  void claim_vips(const std::vector<Ip>& ips, Rank rank) {
    for (const Ip& ip : ips) {
      if (ip.family() != family_) {
        continue;
      }
      for (const sp_scope client : kSourceClasses) {
        claim({ip, port_.port, port_.protocol, client}, rank, node_.has_address(ip) ? SP_FRONTEND_NODE_ADDR : 0);
      }
    }
  }

  void claim_node_port() {
    for (const Ip& ip : node_.node_port_addresses(family_)) {
      for (const sp_scope client : kSourceClasses) {
        claim({ip, port_.node_port, port_.protocol, client}, Rank::node_port, SP_FRONTEND_NODE_ADDR);
      }
    }
    if (serves_loopback()) {
      const Frontend here{loopback(family_), port_.node_port, port_.protocol, SP_SCOPE_HOST};
      claim(here, Rank::node_port, SP_FRONTEND_NODE_ADDR);
    }
  }

  void claim(const Frontend& frontend, Rank rank, unsigned flags) {
    const Treatment how = treatment_of(kind_of(rank), frontend.scope, policies_);
    const std::uint32_t index = row_of(how.policy);
    PlannedRow& row = plan_.rows[index];
    if ((how.flags & SP_FRONTEND_SOURCE_RANGES) != 0 && row.source_ranges.empty()) {
      row.source_ranges = ranges_;
    }
    if (rank == Rank::node_port && row.row.backends.empty()) {
      rank = Rank::node_port_empty;
    }
    plan_.claims.push_back({frontend, rank, static_cast<std::uint16_t>(flags | how.flags), index});
  }

  const model::Service& service_;
  std::size_t port_index_;
  const model::ServicePort& port_;
  Family family_;
  const Surroundings& around_;
  const NodeView& node_;
  ObjectPlan& plan_;
  Policies policies_;
  std::vector<Prefix> ranges_;
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

// Of families that the Service exists in. A Service that is nobody's has none.
ClusterIps cluster_ips(const model::Service& service) {
  ClusterIps out{{}, service.foreign_proxy};
  if (service.headless || service.type == model::ServiceType::external_name) {
    return out;
  }
  for (const Ip& ip : service.cluster_ips) {
    const bool exists = ip.family() == Family::v4 ? service.ipv4 : service.ipv6;
    if (exists && std::find(out.ips.begin(), out.ips.end(), ip) == out.ips.end()) {
      out.ips.push_back(ip);
    }
  }
  return out;
}

}  // namespace

bool is_ours(const model::Service& service) {
  return !service.headless && !service.foreign_proxy && service.type != model::ServiceType::external_name;
}

ObjectPlan plan_service(const model::Service& service, const Surroundings& around) {
  ObjectPlan plan;
  plan.cluster_ips = cluster_ips(service);
  if (!is_ours(service)) {
    return plan;
  }
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
  plan.claims.shrink_to_fit();
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
  if (allows_node(ranges, family, node)) {
    for (const Ip& vip : service.ingress_ips) {
      if (vip.family() == family) {
        ranges.push_back(Prefix{vip, family == Family::v4 ? 32U : 128U});
      }
    }
  }
  sort_unique(ranges);
  return ranges;
}

}  // namespace sp::compile
