// SPDX-License-Identifier: Apache-2.0
// NodeDevices: every device of this node that carries our programs: those that face clients and those of Pods.
//
// Promises: a device is of one sort at a time, and facing clients comes first.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "loader/agent/config.h"
#include "loader/agent/devices.h"
#include "loader/agent/pod_devices.h"
#include "loader/kernel/data_plane.h"
#include "loader/node/watcher.h"
#include "loader/util/result.h"

namespace sp::agent {

class NodeDevices {
 public:
  // `plane` and `watcher` must outlive this. `names` are the devices that face clients; none: those with a default
  // route.
  NodeDevices(kernel::DataPlane& plane, const node::Watcher& watcher, const std::vector<std::string>& names,
              const Config& config);

  // Fails as Devices::start() does. No Pod's device makes it fail.
  [[nodiscard]] Result<void> start();
  // Follows what the watcher has seen; tries again what failed.
  void reconcile();

  // Those that face clients.
  [[nodiscard]] std::vector<std::string> names() const { return external_.names(); }
  [[nodiscard]] std::size_t pod_devices() const { return pods_.size(); }

 private:
  const node::Watcher& watcher_;
  Devices external_;
  PodDevices pods_;
};

}  // namespace sp::agent
