// SPDX-License-Identifier: Apache-2.0
#include "loader/metrics/kube_proxy_metrics.h"

namespace sp::metrics {
namespace {

// 1 ms to 16.384 s, each twice the one before.
std::vector<double> sync_bounds() {
  std::vector<double> bounds;
  for (int i = 0; i < 15; ++i) {
    bounds.push_back(0.001 * (1 << i));
  }
  return bounds;
}

// Fine where the service level objective is looked at. The 0 comes from the function by which kube-proxy joins its
// lists of bounds; queries over buckets expect the same set from every proxy.
std::vector<double> programming_bounds() {
  std::vector<double> bounds{0, 0.25, 0.5};
  for (int second = 1; second < 60; ++second) {
    bounds.push_back(second);
  }
  for (int second = 60; second < 120; second += 5) {
    bounds.push_back(second);
  }
  for (int second = 120; second <= 300; second += 30) {
    bounds.push_back(second);
  }
  return bounds;
}

}  // namespace

KubeProxyMetrics::KubeProxyMetrics(prometheus::Registry& registry)
    : sync_duration_(histograms(registry, "kubeproxy_sync_proxy_rules_duration_seconds",
                                "Time that a sync of the data plane took.", sync_bounds())),
      full_sync_duration_(histograms(registry, "kubeproxy_sync_full_proxy_rules_duration_seconds",
                                     "Time that a sync took which looked at everything.", sync_bounds())),
      partial_sync_duration_(histograms(registry, "kubeproxy_sync_partial_proxy_rules_duration_seconds",
                                        "Time that a sync took which looked at what had changed.", sync_bounds())),
      last_sync_(gauges(registry, "kubeproxy_sync_proxy_rules_last_timestamp_seconds", "When the last sync ended.")),
      last_queued_(gauges(registry, "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds",
                          "When a sync was last asked for.")),
      programming_duration_(histograms(registry, "kubeproxy_network_programming_duration_seconds",
                                       "Time from a change of endpoints in the cluster to its being in force here.",
                                       programming_bounds())),
      endpoint_changes_pending_(gauge(registry, "kubeproxy_sync_proxy_rules_endpoint_changes_pending",
                                      "Changes of EndpointSlices that are not in force yet.")),
      endpoint_changes_(counter(registry, "kubeproxy_sync_proxy_rules_endpoint_changes_total",
                                "Changes of EndpointSlices that were seen.")),
      service_changes_pending_(gauge(registry, "kubeproxy_sync_proxy_rules_service_changes_pending",
                                     "Changes of Services that are not in force yet.")),
      service_changes_(
          counter(registry, "kubeproxy_sync_proxy_rules_service_changes_total", "Changes of Services that were seen.")),
      no_local_internal_(gauges(registry, "kubeproxy_sync_proxy_rules_no_local_endpoints_total",
                                "Service ports with traffic policy Local and without an endpoint on this node.",
                                {{"traffic_policy", "internal"}})),
      no_local_external_(gauges(registry, "kubeproxy_sync_proxy_rules_no_local_endpoints_total",
                                "Service ports with traffic policy Local and without an endpoint on this node.",
                                {{"traffic_policy", "external"}})),
      healthz_{&counter(registry, "kubeproxy_proxy_healthz_total", "Answers of /healthz.", {{"code", "200"}}),
               &counter(registry, "kubeproxy_proxy_healthz_total", "Answers of /healthz.", {{"code", "503"}})},
      livez_{&counter(registry, "kubeproxy_proxy_livez_total", "Answers of /livez.", {{"code", "200"}}),
             &counter(registry, "kubeproxy_proxy_livez_total", "Answers of /livez.", {{"code", "503"}})},
      reconcile_duration_(histograms(registry, "kubeproxy_conntrack_reconciler_sync_duration_seconds",
                                     "Time that a search for UDP connections of dead endpoints took.", sync_bounds())),
      reconcile_deleted_(counters(registry, "kubeproxy_conntrack_reconciler_deleted_entries_total",
                                  "UDP connections of dead endpoints that were removed.")) {}

void KubeProxyMetrics::sync_queued(Family family, WallTime now) {
  last_queued_[family].Set(to_seconds(now));
}

void KubeProxyMetrics::synced(Family family, Extent extent, std::chrono::nanoseconds took, WallTime now) {
  const double seconds = to_seconds(took);
  sync_duration_[family].Observe(seconds);
  (extent == Extent::full ? full_sync_duration_ : partial_sync_duration_)[family].Observe(seconds);
  last_sync_[family].Set(to_seconds(now));
}

void KubeProxyMetrics::endpoints_programmed(Family family, WallTime trigger, WallTime started, WallTime now) {
  if (trigger >= started && trigger <= now) {
    programming_duration_[family].Observe(to_seconds(now - trigger));
  }
}

void KubeProxyMetrics::services_changed(std::size_t changes) {
  service_changes_.Increment(static_cast<double>(changes));
  service_changes_pending_.Increment(static_cast<double>(changes));
}

void KubeProxyMetrics::endpoints_changed(std::size_t changes) {
  endpoint_changes_.Increment(static_cast<double>(changes));
  endpoint_changes_pending_.Increment(static_cast<double>(changes));
}

void KubeProxyMetrics::changes_applied() {
  service_changes_pending_.Set(0);
  endpoint_changes_pending_.Set(0);
}

void KubeProxyMetrics::set_no_local_endpoints(Family family, std::size_t internal_policy, std::size_t external_policy) {
  no_local_internal_[family].Set(static_cast<double>(internal_policy));
  no_local_external_[family].Set(static_cast<double>(external_policy));
}

void KubeProxyMetrics::healthz_answered(int status) {
  healthz_.count(status);
}

void KubeProxyMetrics::livez_answered(int status) {
  livez_.count(status);
}

void KubeProxyMetrics::stale_flows_removed(Family family, std::chrono::nanoseconds took, std::size_t removed) {
  reconcile_duration_[family].Observe(to_seconds(took));
  reconcile_deleted_[family].Increment(static_cast<double>(removed));
}

}  // namespace sp::metrics
