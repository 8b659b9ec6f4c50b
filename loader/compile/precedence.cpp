// SPDX-License-Identifier: Apache-2.0
// Precedence: one winner for each frontend.
#include "loader/compile/precedence.h"

#include <algorithm>
#include <array>
#include <span>

#include "loader/compile/row_name.h"

namespace sp::compile {
namespace {

struct RankInfo {
  sp_frontend_kind kind;
  const char* owner_kind;
  const char* field;
};

const RankInfo& info(Rank rank) {
  static constexpr std::array<RankInfo, 7> kInfo{{
      {SP_KIND_CLUSTER_IP, "Service", "spec.clusterIPs"},
      {SP_KIND_LOAD_BALANCER, "Service", "status.loadBalancer.ingress"},
      {SP_KIND_EXTERNAL_IP, "Service", "spec.externalIPs"},
      {SP_KIND_NODE_PORT, "Service", "spec.ports.nodePort"},
      {SP_KIND_HOST_PORT, "Pod", "spec.containers.ports.hostPort"},
      {SP_KIND_HOST_PORT, "Pod", "spec.containers.ports.hostPort"},
      {SP_KIND_NODE_PORT, "Service", "spec.ports.nodePort"},
  }};
  return kInfo[static_cast<std::size_t>(rank)];
}

bool is_host_port(Rank rank) {
  return rank == Rank::host_port_exact || rank == Rank::host_port_wildcard;
}

std::string owner_text(const Claim& claim) {
  return std::string(info(claim.rank).owner_kind) + " " + model::key_of(*claim.owner).text();
}

const char* reason(const Claim& winner, const Claim& loser) {
  if (winner.rank == loser.rank) {
    return is_host_port(winner.rank) ? "the oldest Pod wins" : "the first by name wins";
  }
  if (is_host_port(winner.rank) && is_host_port(loser.rank)) {
    return "a hostPort that names its hostIP wins";
  }
  return loser.rank == Rank::node_port_empty && is_host_port(winner.rank)
             ? "a nodePort without backends yields to a hostPort"
             : "a clusterIP beats a load balancer's address, then externalIP, nodePort, hostPort";
}

// An object may name one address twice, as externalIP and as load balancer address say: no conflict.
bool harmless(const Plan& plan, const Claim& winner, const Claim& loser) {
  return winner.owner == loser.owner &&
         (winner.row == loser.row || plan.rows[winner.row].row == plan.rows[loser.row].row);
}

Problem conflict(const Claim& winner, const Claim& loser) {
  const Frontend& at = loser.frontend;
  return {owner_text(loser), std::string(info(loser.rank).field) + ": " + address_text(at.ip, at.port, at.protocol) +
                                 " is taken by " + owner_text(winner) + " (" + info(winner.rank).field +
                                 "): " + reason(winner, loser)};
}

// What the winners need of a row.
struct RowUse {
  bool any = false;
  bool ranges = false;
};

// The claims on one frontend, best first: the first one gets it.
void settle(std::span<const Claim> claims, Plan& plan, Desired& desired, std::vector<RowUse>& uses) {
  const Claim& winner = claims.front();
  desired.frontends.emplace_hint(desired.frontends.end(), winner.frontend,
                                 FrontendRow{plan.rows[winner.row].name, winner.flags, info(winner.rank).kind});
  uses[winner.row].any = true;
  uses[winner.row].ranges |= (winner.flags & SP_FRONTEND_SOURCE_RANGES) != 0;
  for (const Claim& loser : claims.subspan(1)) {
    if (!harmless(plan, winner, loser)) {
      plan.problems.push_back(conflict(winner, loser));
    }
  }
}

}  // namespace

Output resolve(Plan plan) {
  std::stable_sort(plan.claims.begin(), plan.claims.end(), [](const Claim& a, const Claim& b) {
    const auto order = a.frontend <=> b.frontend;
    return order != 0 ? order < 0 : a.rank < b.rank;
  });
  Output out;
  std::vector<RowUse> uses(plan.rows.size());
  const std::span<const Claim> claims(plan.claims);
  for (std::size_t first = 0; first < claims.size();) {
    std::size_t last = first + 1;
    while (last < claims.size() && claims[last].frontend == claims[first].frontend) {
      ++last;
    }
    settle(claims.subspan(first, last - first), plan, out.desired, uses);
    first = last;
  }
  for (std::size_t i = 0; i < plan.rows.size(); ++i) {
    PlannedRow& planned = plan.rows[i];
    if (uses[i].ranges) {
      out.desired.source_ranges.emplace(planned.name, std::move(planned.source_ranges));
    }
    if (uses[i].any) {
      out.desired.services.emplace(std::move(planned.name), std::move(planned.row));
    }
  }
  std::sort(plan.problems.begin(), plan.problems.end());
  plan.problems.erase(std::unique(plan.problems.begin(), plan.problems.end()), plan.problems.end());
  out.problems = std::move(plan.problems);
  return out;
}

}  // namespace sp::compile
