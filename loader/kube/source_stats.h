// SPDX-License-Identifier: Apache-2.0
// SourceStats: what the reflectors have done so far, for metrics and status.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "loader/model/object_id.h"

namespace sp::kube {

// Why a request did not give what was asked for. Fixed words, so that they can be the label of a metric.
enum class Cause : std::uint8_t {
  access,        // kubeconfig, service account or credential plugin
  connection,    // resolve, connect, tls, cut, protocol
  silent,        // the server keeps a connection and says nothing
  unauthorized,  // 401
  forbidden,     // 403
  not_found,     // 404
  gone,          // 410: the change history does not reach back that far; an ordinary event
  throttled,     // 429
  server,        // 5xx and every other status
  content,       // an answer that is not what the API promises
};
constexpr std::size_t kCauseCount = 10;
[[nodiscard]] std::string_view to_string(Cause cause);

// Of one resource. Numbers only grow, except for `objects` and `rejected`.
struct ResourceStats {
  std::uint64_t lists = 0;    // begun
  std::uint64_t watches = 0;  // begun
  std::uint64_t relists = 0;  // lists after the first complete one
  std::uint64_t added = 0;    // events of watches
  std::uint64_t modified = 0;
  std::uint64_t deleted = 0;
  std::uint64_t bookmarks = 0;
  std::array<std::uint64_t, kCauseCount> failures{};                  // by Cause
  bool listed = false;                                                // one list was complete
  bool synced = false;                                                // listed, and a watch is under way
  std::size_t objects = 0;                                            // in force
  std::size_t rejected = 0;                                           // whose last state was not taken
  std::optional<std::chrono::steady_clock::time_point> last_contact;  // the last byte from the server
};

struct SourceStats {
  // By model::Kind.
  std::array<ResourceStats, 5> resources;
  std::uint64_t events_posted = 0;
  std::uint64_t events_dropped = 0;
  [[nodiscard]] const ResourceStats& of(model::Kind kind) const { return resources.at(static_cast<std::size_t>(kind)); }
};

}  // namespace sp::kube
