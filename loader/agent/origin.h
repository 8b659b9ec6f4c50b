// SPDX-License-Identifier: Apache-2.0
// Origin: where the objects come from: a folder of manifests, or the Kubernetes API.
#pragma once

#include <memory>

#include "loader/agent/agent.h"
#include "loader/agent/applier.h"
#include "loader/agent/settings.h"
#include "loader/kube/kubernetes_source.h"
#include "loader/metrics/metrics.h"
#include "loader/source/source.h"

namespace sp::agent {

struct Origin {
  std::unique_ptr<source::Source> source;
  kube::KubernetesSource* cluster = nullptr;  // the source, if it is the Kubernetes API

  // What log lines call a change that came from here.
  [[nodiscard]] Cause cause() const { return cluster == nullptr ? Cause::manifests : Cause::api; }
};

// `metrics` hears of every answer of the API server, and must outlive the source.
[[nodiscard]] Result<Origin> open_origin(const RunOptions& options, const Settings& settings,
                                         metrics::Metrics& metrics);

}  // namespace sp::agent
