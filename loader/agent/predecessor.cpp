// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/predecessor.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "loader/proxy/config.h"
#include "loader/serve/bind_address.h"
#include "loader/takeover/takeover.h"
#include "loader/util/log.h"
#include "loader/util/ticks.h"

namespace sp::agent {

void Predecessor::look_for_rival(const std::string& health_address) const {
  if (leftovers_ == Leftovers::keep) {
    return;
  }
  const auto at = serve::parse_bind_address(health_address, proxy::kHealthzPort);
  const std::uint16_t port = at && *at ? (*at)->port : 0;
  if (const std::string rival = takeover::running_kube_proxy("/proc", port); !rival.empty()) {
    log::warn("takeover", "{}", rival);
  }
}

void Predecessor::look(sp_config_val& config) {
  const takeover::Found found = takeover::find({});
  found_ = !found.leftovers.empty();
  for (const std::string& leftover : found.leftovers) {
    log::info("takeover", "found {}", leftover);
  }
  for (const std::string& advice : found.advice) {
    log::warn("takeover", "{}", advice);
  }
  if (found.translates) {
    const std::uint32_t life = ticks_of_seconds(static_cast<std::uint32_t>(takeover::connection_life().count()));
    const std::uint32_t until = std::max<std::uint32_t>(config.foreign_tcp_until_tick, current_tick() + life);
    __atomic_store_n(&config.foreign_tcp_until_tick, until, __ATOMIC_RELEASE);
  }
}

void Predecessor::replace() {
  if (!std::exchange(found_, false)) {
    return;
  }
  if (leftovers_ == Leftovers::keep) {
    log::info("takeover", "what kube-proxy left is kept (--leftovers=keep)");
    return;
  }
  const takeover::Report report = takeover::remove({});
  for (const std::string& removed : report.removed) {
    log::info("takeover", "removed {}", removed);
  }
  for (const std::string& error : report.errors) {
    log::error("takeover", "{}", error);
  }
}

}  // namespace sp::agent
