// SPDX-License-Identifier: Apache-2.0
// An EndpointIndex of a whole Cluster at once, for tests of what endpoints are collected and chosen.
#pragma once

#include <set>

#include "loader/compile/endpoints.h"
#include "tests/harness/cluster_builder.h"

namespace sp::test {

inline compile::EndpointIndex index_of(const model::Cluster& cluster) {
  compile::EndpointIndex index;
  std::set<model::ObjectId> stale;
  for (const auto& [key, slice] : cluster.endpoint_slices) {
    index.follow_slice(cluster, key, stale);
  }
  return index;
}

}  // namespace sp::test
