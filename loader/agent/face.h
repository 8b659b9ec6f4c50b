// SPDX-License-Identifier: Apache-2.0
// Face: what others see of this agent: health for load balancers and the kubelet, a listener for each
// healthCheckNodePort, metrics, Events (service-semantics 5).
//
// Promises: a server that cannot listen is tried again and never keeps packets from being programmed, unless
// bindAddressHardFail asks for it. Not thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "loader/agent/agent.h"
#include "loader/agent/applier.h"
#include "loader/agent/settings.h"
#include "loader/agent/source_metrics.h"
#include "loader/compile/health_checks.h"
#include "loader/kernel/reader.h"
#include "loader/kube/kubernetes_source.h"
#include "loader/metrics/metrics.h"
#include "loader/node/watcher.h"
#include "loader/serve/health.h"
#include "loader/serve/retrying_server.h"
#include "loader/serve/service_health.h"
#include "loader/source/source.h"
#include "loader/util/event_loop.h"

namespace sp::agent {

class Face {
 public:
  // What is asked when somebody looks; everything must outlive the face. `cluster` is null for manifests.
  struct Subjects {
    metrics::Metrics& metrics;
    const Applier& applier;
    const kernel::DataPlane& plane;
    const kernel::Reader& reader;
    const node::Watcher& watcher;
    kube::KubernetesSource* cluster;
  };

  // Listens. `loop` must outlive the face.
  [[nodiscard]] static Result<std::unique_ptr<Face>> open(EventLoop& loop, const Settings& settings,
                                                          const Subjects& subjects);
  Face(const Face&) = delete;
  Face& operator=(const Face&) = delete;

  // The source told of changes, which are not in force yet.
  void noticed(const source::Update& update, const model::Cluster& cluster);
  // They are, as far as rows could be written.
  void applied(const ApplyResult& result, Cause cause, bool finished);

 private:
  Face(const Settings& settings, const Subjects& subjects);
  [[nodiscard]] Result<void> listen(EventLoop& loop, const Settings& settings);
  void report_health_check(const model::ObjectKey& key, const Error& error);
  void reconcile_health_checks();
  [[nodiscard]] std::string metrics_text();
  void measure_local_policies();
  [[nodiscard]] Result<metrics::DataPlaneSample> sample() const;

  Subjects subjects_;
  std::string node_name_;
  std::vector<Prefix> node_port_ranges_;  // empty = no restriction
  metrics::SampleOptions sample_options_;
  std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
  metrics::Metrics& metrics_;
  SourceMetrics source_metrics_;
  serve::Health health_;
  compile::HealthChecks checks_;
  std::vector<std::chrono::system_clock::time_point> triggers_;  // of changes that are not in force yet
  std::unique_ptr<serve::ServiceHealth> service_health_;
  std::unique_ptr<serve::RetryingServer> health_server_;
  std::unique_ptr<serve::RetryingServer> metrics_server_;
};

}  // namespace sp::agent
