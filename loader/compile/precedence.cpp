// SPDX-License-Identifier: Apache-2.0
// Precedence: what winners get, and what losers are told.
#include "loader/compile/precedence.h"

#include <array>
#include <string>

#include "loader/compile/row_name.h"

namespace sp::compile {
namespace {

struct RankInfo {
  sp_frontend_kind kind;
  const char* field;
};

const RankInfo& info(Rank rank) {
  static constexpr std::array<RankInfo, 7> kInfo{{
      {SP_KIND_CLUSTER_IP, "spec.clusterIPs"},
      {SP_KIND_LOAD_BALANCER, "status.loadBalancer.ingress"},
      {SP_KIND_EXTERNAL_IP, "spec.externalIPs"},
      {SP_KIND_NODE_PORT, "spec.ports.nodePort"},
      {SP_KIND_HOST_PORT, "spec.containers.ports.hostPort"},
      {SP_KIND_HOST_PORT, "spec.containers.ports.hostPort"},
      {SP_KIND_NODE_PORT, "spec.ports.nodePort"},
  }};
  return kInfo[static_cast<std::size_t>(rank)];
}

bool is_host_port(Rank rank) {
  return rank == Rank::host_port_exact || rank == Rank::host_port_wildcard;
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

bool harmless(const ClaimRef& winner, const ClaimRef& loser) {
  return winner.object == loser.object &&
         (winner.claim().row == loser.claim().row || winner.row().row == loser.row().row);
}

Problem conflict(const ClaimRef& winner, const ClaimRef& loser) {
  const Frontend& at = loser.claim().frontend;
  return {loser.object->first.text(), std::string(info(loser.claim().rank).field) + ": " +
                                          address_text(at.ip, at.port, at.protocol) + " is taken by " +
                                          winner.object->first.text() + " (" + info(winner.claim().rank).field +
                                          "): " + reason(winner.claim(), loser.claim())};
}

}  // namespace

sp_frontend_kind kind_of(Rank rank) {
  return info(rank).kind;
}

FrontendRow frontend_row(const ClaimRef& winner) {
  return {winner.row().name, winner.claim().flags, kind_of(winner.claim().rank)};
}

std::vector<Problem> conflicts(std::span<const ClaimRef> claims) {
  std::vector<Problem> out;
  for (std::size_t i = 1; i < claims.size(); ++i) {
    if (!harmless(claims.front(), claims[i])) {
      out.push_back(conflict(claims.front(), claims[i]));
    }
  }
  return out;
}

}  // namespace sp::compile
