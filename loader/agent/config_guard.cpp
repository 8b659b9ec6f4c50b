// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/config_guard.h"

#include <utility>

namespace sp::agent {

Result<void> ConfigGuard::start(EventLoop& loop, const std::vector<proxy::ConfigFile>& files,
                                std::function<void(Error)> end) {
  if (files.empty()) {
    return {};
  }
  SP_TRY_ASSIGN(watch, proxy::ConfigWatch::open(files));
  watch_.emplace(std::move(watch));
  if (const auto file = watch_->changed()) {
    return proxy::changed_error(*file);
  }
  return loop.watch(watch_->fd(), [this, end = std::move(end)] {
    if (const auto file = watch_->changed()) {
      end(proxy::changed_error(*file));
    }
  });
}

}  // namespace sp::agent
