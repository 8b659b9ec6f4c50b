// SPDX-License-Identifier: Apache-2.0
// Precedence: objects claim frontends; exactly one claim wins each, and the losers are told why.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/compile/compile.h"
#include "loader/compile/desired.h"
#include "loader/model/meta.h"

namespace sp::compile {

// Lower wins. ClusterIPs are first among the VIPs because the cluster allocates them, while anyone who may edit a
// Service can name any externalIP.
enum class Rank : std::uint8_t {
  cluster_ip,
  load_balancer,
  external_ip,
  node_port,
  host_port_exact,     // spec hostIP is an address
  host_port_wildcard,  // spec hostIP is absent, 0.0.0.0 or ::
  node_port_empty,     // without a backend for this scope: an equal hostPort serves instead
};

// A service row that claims point to. It becomes part of Desired when a claim on it wins.
struct PlannedRow {
  std::string name;
  ServiceRow row;
  std::vector<Prefix> source_ranges;  // for winners with SP_FRONTEND_SOURCE_RANGES
};

struct Claim {
  Frontend frontend;
  Rank rank = Rank::cluster_ip;
  std::uint16_t flags = 0;             // SP_FRONTEND_*
  std::uint32_t row = 0;               // index in Plan::rows
  const model::Meta* owner = nullptr;  // a Pod's for the hostPort ranks, else a Service's
};

// What all objects ask for. Among claims of one rank the earlier one wins: Services come in the order of their names,
// Pods oldest first.
struct Plan {
  std::vector<PlannedRow> rows;
  std::vector<Claim> claims;
  std::vector<Problem> problems;
};

// Decides every claim. Problems are sorted and unique.
[[nodiscard]] Output resolve(Plan plan);

}  // namespace sp::compile
