// SPDX-License-Identifier: Apache-2.0
// Source classes: which row of a service port answers whom, and how. The one table of traffic policies
// (service-semantics 2.2 to 2.4, 2.7); pure.
//
// Every frontend has a row for each class that may use it, so that the packet path decides nothing.
#pragma once

#include <array>
#include <cstdint>

#include "loader/model/service.h"
#include "maps/service.h"

namespace sp::compile {

inline constexpr std::array<sp_scope, 3> kSourceClasses{SP_SCOPE_EXTERNAL, SP_SCOPE_POD, SP_SCOPE_HOST};

// What decides about the frontends of one service port in one family.
struct Policies {
  model::TrafficPolicy internal = model::TrafficPolicy::cluster;  // of the ClusterIP
  model::TrafficPolicy external = model::TrafficPolicy::cluster;  // of every other frontend
  bool has_ranges = false;                                        // spec.loadBalancerSourceRanges restricts the family
  bool ranges_have_node = false;                                  // and allows this node's own address
  bool detects_pods = false;                                      // Options::detect_local is not none
  bool masquerade_all = false;
};

struct Treatment {
  model::TrafficPolicy policy = model::TrafficPolicy::cluster;  // whose row answers
  std::uint16_t flags = 0;                                      // SP_FRONTEND_KEEP_SOURCE, _PACKETS, _SOURCE_RANGES

  bool operator==(const Treatment&) const = default;
};

// How a frontend of `kind` answers clients of the class `client`.
[[nodiscard]] Treatment treatment_of(sp_frontend_kind kind, sp_scope client, const Policies& policies);

}  // namespace sp::compile
