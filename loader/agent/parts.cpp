// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/parts.h"

#include <utility>

#include "loader/agent/cgroup.h"
#include "loader/agent/devices.h"

namespace sp::agent {

Result<Parts> assemble(const RunOptions& options, const Settings& settings, const Build& build) {
  SP_TRY_ASSIGN(loop, EventLoop::create());
  if (!options.cgroup.empty() && options.cgroup != kNoCgroup) {
    SP_TRY(check_cgroup(options.cgroup));
  }
  auto metrics = std::make_unique<metrics::Metrics>(build.version, build.id);
  SP_TRY_ASSIGN(origin, open_origin(options, settings, *metrics));
  SP_TRY_ASSIGN(watcher, node::Watcher::open(settings.node));
  SP_TRY(check_names(options.devices, watcher.facts()));
  const bool short_ways = settings.config.local_delivery != LocalDelivery::stack;
  SP_TRY_ASSIGN(plane,
                kernel::DataPlane::open(
                    {.pin_path = options.pin_path, .sizes = settings.config.maps, .local_delivery = short_ways}));
  SP_TRY_ASSIGN(reader, kernel::Reader::open(options.pin_path, kernel::Arrays::left_out));
  auto tables = std::make_unique<sync::Tables>(plane.tables());
  SP_TRY_ASSIGN(sync, sync::Sync::adopt(*tables));
  return Parts{std::move(loop),  std::move(metrics), std::move(origin), std::move(watcher),
               std::move(plane), std::move(reader),  std::move(tables), std::move(sync)};
}

}  // namespace sp::agent
