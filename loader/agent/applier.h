// SPDX-License-Identifier: Apache-2.0
// Applier: what the sources and netlink say -> rows in the maps -> one log line.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "loader/agent/config.h"
#include "loader/compile/compile.h"
#include "loader/model/cluster.h"
#include "loader/model/object_id.h"
#include "loader/node/facts.h"
#include "loader/sync/sync.h"
#include "loader/util/notices.h"

namespace sp::agent {

// Why the maps are looked at.
enum class Cause : std::uint8_t { start, manifests, api, netlink, retry, reconcile };
[[nodiscard]] std::string_view to_string(Cause cause);

// Rows in force, as far as compile() wants them.
struct Totals {
  std::size_t frontends = 0;
  std::size_t services = 0;
  std::size_t backends = 0;
};

// What the last apply() did, for metrics.
struct ApplyResult {
  std::chrono::microseconds took{};  // from the change being noticed to the maps being written
  sync::Report report;               // `problems` has been logged and is empty
  std::size_t services_changed = 0;  // objects of the sources
  std::size_t endpoint_slices_changed = 0;
};

class Applier {
 public:
  using Clock = sync::Sync::Clock;
  Applier(sync::Sync sync, const Config& config)
      : sync_(std::move(sync)), options_{config.node_port_addresses}, snat_ports_(config.snat_ports) {}

  // Makes the maps say what `cluster` and `facts` say, and logs what that changed. `changed` names every object that
  // appeared, differs or has gone since the last call. `woke_at` is when the change was noticed: took_us counts from
  // there. Nothing is deleted before the cluster is complete.
  void apply(const model::Cluster& cluster, const node::Facts& facts, std::span<const model::ObjectId> changed,
             Cause cause, Clock::time_point woke_at);

  // Some rows could not be written: call apply() again in a while.
  [[nodiscard]] bool unfinished() const { return !failures_.empty(); }
  [[nodiscard]] const Totals& totals() const { return totals_; }
  [[nodiscard]] const ApplyResult& last() const { return last_; }

 private:
  sync::Sync sync_;
  compile::Options options_;
  std::vector<PortRange> snat_ports_;
  Totals totals_;
  ApplyResult last_;
  Notices problems_{log::Level::warn, "compile"};
  Notices failures_{log::Level::error, "sync"};
};

}  // namespace sp::agent
