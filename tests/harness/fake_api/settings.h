// SPDX-License-Identifier: Apache-2.0
// Settings: how this API server behaves within what the API's documentation allows.
#pragma once

#include <chrono>
#include <cstdint>

namespace sp::fake_api {

struct Settings {
  // The real server sends bookmarks about once a minute, and shortly before a watch times out.
  std::chrono::milliseconds bookmark_interval{60'000};
  bool bookmarks = true;        // off: allowWatchBookmarks is ignored, which servers may do
  bool streaming_lists = true;  // off: sendInitialEvents is refused, as by servers without the feature
  // Watches that name no timeout end after that long.
  std::chrono::seconds default_timeout{1800};
  // An expired watch is refused by HTTP status 410 instead of by an ERROR event after 200.
  bool expired_as_status = false;
  // Requests for "any" version get a state that many versions old, as from a lagging replica.
  std::uint64_t stale_by = 0;
  // Lists from version "any" ignore `limit`, as the watch cache of the real server does.
  bool any_ignores_limit = true;
  std::chrono::seconds clock_skew{0};  // of the Date header
};

}  // namespace sp::fake_api
