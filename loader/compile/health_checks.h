// SPDX-License-Identifier: Apache-2.0
// HealthChecks: which Services have a healthCheckNodePort here, and how many of their endpoints are on this node
// . Pure; kept beside the rows of the maps because load balancers, not packets, ask for it.
//
// Promises: update() costs what changed: a slice or Pod of a Service without a check is one look-up.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "loader/model/cluster.h"
#include "loader/model/object_id.h"

namespace sp::compile {

struct HealthCheck {
  std::uint16_t port = 0;
  // By Family: distinct addresses of ready endpoints on this node, over all ports. Those that take over while nothing
  // is ready do not count: balancers should leave. Nothing: the Service does not exist in that family.
  std::array<std::optional<std::uint32_t>, 2> local_endpoints;

  bool operator==(const HealthCheck&) const = default;
};

using HealthCheckTable = std::map<model::ObjectKey, HealthCheck>;

class HealthChecks {
 public:
  // The name that endpoints call this node by.
  explicit HealthChecks(std::string node_name) : node_name_(std::move(node_name)) {}

  // `changed` since the last call: appeared, differ or have gone. True if table() is another one now.
  bool update(const model::Cluster& cluster, std::span<const model::ObjectId> changed);
  // Everything anew; what update() would have said.
  bool rebuild(const model::Cluster& cluster);

  [[nodiscard]] const HealthCheckTable& table() const { return table_; }

 private:
  using Keys = std::set<model::ObjectKey>;

  void follow_service(const model::Cluster& cluster, const model::ObjectKey& key, Keys& stale);
  void follow_slice(const model::Cluster& cluster, const model::ObjectKey& key, Keys& stale);
  void follow_pods(const std::string& ns, Keys& stale) const;
  void forget_service(const model::ObjectKey& key);
  [[nodiscard]] bool recount(const model::Cluster& cluster, const model::ObjectKey& key);

  std::string node_name_;
  HealthCheckTable table_;
  // Of Services in table_ only, both ways.
  std::map<model::ObjectKey, Keys> slices_of_;
  std::map<model::ObjectKey, model::ObjectKey> service_of_;
};

}  // namespace sp::compile
