// SPDX-License-Identifier: Apache-2.0
// Applier: what the sources and netlink say -> rows in the maps -> one log line.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loader/agent/config.h"
#include "loader/compile/compiler.h"
#include "loader/model/cluster.h"
#include "loader/model/object_id.h"
#include "loader/node/facts.h"
#include "loader/sync/sync.h"
#include "loader/util/notices.h"

namespace sp::agent {

// Why the maps are looked at.
enum class Cause : std::uint8_t { start, manifests, api, netlink, retry, reconcile };
[[nodiscard]] std::string_view to_string(Cause cause);

using compile::Totals;

// What the last apply() did, for metrics.
struct ApplyResult {
  std::chrono::microseconds took{};  // from the change being noticed to the maps being written
  sync::Report report;               // `problems` has been logged and is empty
  std::size_t rows_failed = 0;       // that could not be written
  std::size_t problems = 0;          // contradictions among the objects in force
  std::size_t services_changed = 0;  // objects of the sources
  std::size_t endpoint_slices_changed = 0;
};

class Applier {
 public:
  using Clock = sync::Sync::Clock;
  Applier(sync::Sync sync, const Config& config)
      : sync_(std::move(sync)), compiler_(compile_options(config)), snat_ports_(config.snat_ports) {}

  // Makes the maps say what `cluster` and `facts` say, and logs what that changed. `changed` names every object that
  // appeared, differs or has gone since the last call, and apply() costs what depends on those. Everything is compiled
  // and compared at the start, to reconcile, and when this node's addresses differ; to retry, every row is compared
  // . `woke_at` is when the change was noticed: took_us counts from there. Nothing is deleted before the cluster
  // is complete.
  void apply(const model::Cluster& cluster, const node::Facts& facts, std::span<const model::ObjectId> changed,
             Cause cause, Clock::time_point woke_at);

  // Some rows could not be written: call apply() again in a while.
  [[nodiscard]] bool unfinished() const { return !failures_.empty(); }
  [[nodiscard]] Totals totals() const { return compiler_.totals(); }
  [[nodiscard]] const ApplyResult& last() const { return last_; }
  // What the maps should hold, as of the last apply().
  [[nodiscard]] const compile::Desired& desired() const { return compiler_.desired(); }

 private:
  void tell_problems(const compile::Delta& delta);
  [[nodiscard]] bool may_clash(const compile::Frontend& frontend) const;

  sync::Sync sync_;
  compile::Compiler compiler_;
  std::vector<PortRange> snat_ports_;
  ApplyResult last_;
  std::vector<std::string> clashes_;  // nodePorts among the source ports
  Notices problems_{log::Level::warn, "compile"};
  Notices failures_{log::Level::error, "sync"};
};

}  // namespace sp::agent
