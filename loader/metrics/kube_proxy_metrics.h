// SPDX-License-Identifier: Apache-2.0
// KubeProxyMetrics: kube-proxy's own metrics, by which dashboards, alerts and scale tests judge a proxy.
//
// Promises: names, types, labels and buckets are kube-proxy's for every metric that its backends share; those of
// iptables, ipvs and nftables rules are left out, because there are none.
#pragma once

#include <chrono>
#include <cstddef>

#include "loader/metrics/instruments.h"

namespace sp::metrics {

class KubeProxyMetrics {
 public:
  using WallTime = std::chrono::system_clock::time_point;

  explicit KubeProxyMetrics(prometheus::Registry& registry);

  // A change of this family waits for the next sync.
  void sync_queued(Family family, WallTime now);
  enum class Extent : std::uint8_t { full, partial };
  void synced(Family family, Extent extent, std::chrono::nanoseconds took, WallTime now);
  // `trigger`: when the control plane saw what led to a changed EndpointSlice. Ignored if it is before `started`, when
  // this process was not there to act, or in the future of a skewed clock.
  void endpoints_programmed(Family family, WallTime trigger, WallTime started, WallTime now);

  void services_changed(std::size_t changes);
  void endpoints_changed(std::size_t changes);
  // Everything that changed so far is in force.
  void changes_applied();

  // Service ports whose policy is Local, which have usable endpoints, and none here.
  void set_no_local_endpoints(Family family, std::size_t internal_policy, std::size_t external_policy);

  void healthz_answered(int status);
  void livez_answered(int status);

  // A walk that looked for UDP connections of dead endpoints.
  void stale_flows_removed(Family family, std::chrono::nanoseconds took, std::size_t removed);

 private:
  struct ByStatus {
    prometheus::Counter* ok;
    prometheus::Counter* unavailable;
    void count(int status) const { (status == 200 ? ok : unavailable)->Increment(); }
  };

  PerFamily<prometheus::Histogram> sync_duration_;
  PerFamily<prometheus::Histogram> full_sync_duration_;
  PerFamily<prometheus::Histogram> partial_sync_duration_;
  PerFamily<prometheus::Gauge> last_sync_;
  PerFamily<prometheus::Gauge> last_queued_;
  PerFamily<prometheus::Histogram> programming_duration_;
  prometheus::Gauge& endpoint_changes_pending_;
  prometheus::Counter& endpoint_changes_;
  prometheus::Gauge& service_changes_pending_;
  prometheus::Counter& service_changes_;
  PerFamily<prometheus::Gauge> no_local_internal_;
  PerFamily<prometheus::Gauge> no_local_external_;
  ByStatus healthz_;
  ByStatus livez_;
  PerFamily<prometheus::Histogram> reconcile_duration_;
  PerFamily<prometheus::Counter> reconcile_deleted_;
};

}  // namespace sp::metrics
