// SPDX-License-Identifier: Apache-2.0
// Metrics: everything that /metrics tells, in the Prometheus text format 0.0.4.
//
// Promises: a source that fails at a scrape costs its own families only, is logged once in a while and counted; each
// family stands there once. Not thread-safe.
#pragma once

#include <prometheus/registry.h>

#include <functional>
#include <string>
#include <vector>

#include "loader/metrics/agent_metrics.h"
#include "loader/metrics/data_plane_sample.h"
#include "loader/metrics/kube_proxy_metrics.h"
#include "loader/util/log.h"
#include "loader/util/result.h"

namespace sp::metrics {

class Metrics {
 public:
  Metrics(const std::string& version, const std::string& build_id);
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Asked at every scrape: [&] { return take_sample(reader, fills, options); }
  void set_data_plane(std::function<Result<DataPlaneSample>()> take) { take_data_plane_ = std::move(take); }

  [[nodiscard]] std::string text();

 private:
  template <typename Sample>
  void append(std::vector<prometheus::MetricFamily>& families, const Result<Sample>& sample, const char* what);

  prometheus::Registry registry_;  // before what lives in it

 public:
  KubeProxyMetrics kube_proxy;
  AgentMetrics agent;

 private:
  prometheus::Counter& scrape_failures_;
  std::function<Result<DataPlaneSample>()> take_data_plane_;
  log::Repeats failures_{std::chrono::minutes(5)};
};

}  // namespace sp::metrics
