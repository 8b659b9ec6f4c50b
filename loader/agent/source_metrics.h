// SPDX-License-Identifier: Apache-2.0
// SourceMetrics: carries what the reflectors have counted into the metrics, when somebody scrapes.
#pragma once

#include "loader/kube/source_stats.h"
#include "loader/metrics/agent_metrics.h"

namespace sp::agent {

class SourceMetrics {
 public:
  // Adds what `now` has more than at the last call.
  void update(const kube::SourceStats& now, metrics::AgentMetrics& metrics);

 private:
  kube::SourceStats seen_;
};

}  // namespace sp::agent
