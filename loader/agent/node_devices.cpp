// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/node_devices.h"

namespace sp::agent {

NodeDevices::NodeDevices(kernel::DataPlane& plane, const node::Watcher& watcher, const std::vector<std::string>& names,
                         const Config& config)
    : watcher_(watcher), external_(plane, names), pods_(plane, config) {}

Result<void> NodeDevices::start() {
  SP_TRY(external_.start(watcher_.facts(), watcher_.default_route_devices()));
  pods_.start(watcher_.facts(), external_.ifindexes());
  return {};
}

void NodeDevices::reconcile() {
  external_.reconcile(watcher_.facts(), watcher_.default_route_devices());
  pods_.reconcile(watcher_.facts(), external_.ifindexes());
}

}  // namespace sp::agent
