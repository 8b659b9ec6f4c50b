// SPDX-License-Identifier: Apache-2.0
// ConfigGuard: ends the agent when a file of its configuration says something else; the supervisor starts it again with
// what the file says then.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "loader/proxy/config_watch.h"
#include "loader/util/event_loop.h"
#include "loader/util/result.h"

namespace sp::agent {

class ConfigGuard {
 public:
  ConfigGuard() = default;
  ConfigGuard(const ConfigGuard&) = delete;
  ConfigGuard& operator=(const ConfigGuard&) = delete;

  // `end` is called when the loop finds a change. One that happened before is the error itself: a loop that does not
  // run yet cannot be ended. The object must outlive the loop's run().
  [[nodiscard]] Result<void> start(EventLoop& loop, const std::vector<proxy::ConfigFile>& files,
                                   std::function<void(Error)> end);

 private:
  std::optional<proxy::ConfigWatch> watch_;
};

}  // namespace sp::agent
