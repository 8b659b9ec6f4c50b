// SPDX-License-Identifier: Apache-2.0
// ObjectPlan: what one Service or one Pod asks for, before precedence decides who gets it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "loader/compile/compile.h"
#include "loader/compile/desired.h"
#include "loader/model/object_id.h"

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
  SharedName name;
  ServiceRow row;
  std::vector<Prefix> source_ranges;  // for winners with SP_FRONTEND_SOURCE_RANGES
};

struct Claim {
  Frontend frontend;
  Rank rank = Rank::cluster_ip;
  std::uint16_t flags = 0;  // SP_FRONTEND_*
  std::uint32_t row = 0;    // index in ObjectPlan::rows
};

// Addresses of a Service at which undefined ports are refused; of a `foreign` one, left alone.
struct ClusterIps {
  std::vector<Ip> ips;
  bool foreign = false;

  bool operator==(const ClusterIps&) const = default;
};

// Names of rows are unique to their object. Should an object use one name twice, its first row that is needed counts.
struct ObjectPlan {
  std::int64_t age =
      0;  // of a Pod: when it was created; among claims of one rank the lower wins, then the first by name
  std::vector<PlannedRow> rows;
  std::vector<Claim> claims;
  std::vector<Problem> problems;
  ClusterIps cluster_ips;

  [[nodiscard]] bool empty() const {
    return rows.empty() && claims.empty() && problems.empty() && cluster_ips.ips.empty();
  }
};

// As the compiler keeps them, each at one place in memory.
using Plans = std::map<model::ObjectId, ObjectPlan>;
using PlannedObject = Plans::value_type;

}  // namespace sp::compile
