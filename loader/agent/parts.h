// SPDX-License-Identifier: Apache-2.0
// Parts: everything that the agent cannot do without, each of which can fail to exist.
#pragma once

#include <memory>

#include "loader/agent/agent.h"
#include "loader/agent/origin.h"
#include "loader/agent/settings.h"
#include "loader/kernel/data_plane.h"
#include "loader/kernel/reader.h"
#include "loader/metrics/metrics.h"
#include "loader/node/watcher.h"
#include "loader/sync/sync.h"
#include "loader/util/event_loop.h"

namespace sp::agent {

struct Parts {
  EventLoop loop;
  std::unique_ptr<metrics::Metrics> metrics;  // at an address of its own: whoever counts refers to it
  Origin origin;
  node::Watcher watcher;
  kernel::DataPlane plane;
  kernel::Reader reader;
  std::unique_ptr<sync::Tables> tables;  // at an address of its own: Sync refers to it
  sync::Sync sync;
};

// In the order in which they are declared: a wrong folder, kubeconfig or device fails before anything is made in the
// kernel. Nothing is attached yet.
[[nodiscard]] Result<Parts> assemble(const RunOptions& options, const Settings& settings, const Build& build);

}  // namespace sp::agent
