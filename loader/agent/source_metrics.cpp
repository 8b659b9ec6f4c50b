// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/source_metrics.h"

#include <numeric>

namespace sp::agent {
namespace {

std::uint64_t events(const kube::ResourceStats& stats) {
  return stats.added + stats.modified + stats.deleted;
}

std::uint64_t failures(const kube::ResourceStats& stats) {
  return std::accumulate(stats.failures.begin(), stats.failures.end(), std::uint64_t{0});
}

std::chrono::system_clock::time_point wall_time(std::chrono::steady_clock::time_point time) {
  return std::chrono::system_clock::now() -
         std::chrono::duration_cast<std::chrono::system_clock::duration>(std::chrono::steady_clock::now() - time);
}

}  // namespace

void SourceMetrics::update(const kube::SourceStats& now, metrics::AgentMetrics& metrics) {
  for (std::size_t i = 0; i < now.resources.size(); ++i) {
    const kube::ResourceStats& fresh = now.resources.at(i);
    const kube::ResourceStats& seen = seen_.resources.at(i);
    metrics::ReflectorMetrics& reflector = metrics.reflector(static_cast<model::Kind>(i));
    reflector.events_received(events(fresh) - events(seen));
    reflector.lists_begun(fresh.lists - seen.lists);
    reflector.watches_begun(fresh.watches - seen.watches);
    reflector.failed(failures(fresh) - failures(seen));
    reflector.set_objects(fresh.objects);
    if (fresh.last_contact) {
      reflector.heard_at(wall_time(*fresh.last_contact));
    }
  }
  seen_ = now;
}

}  // namespace sp::agent
