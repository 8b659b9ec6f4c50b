// SPDX-License-Identifier: Apache-2.0
// Sync: additions first, deletions last.
#include "loader/sync/sync.h"

#include <utility>

#include "loader/sync/adopt.h"
#include "loader/sync/frontend_table.h"
#include "loader/sync/service_table.h"

namespace sp::sync {

struct Sync::State {
  ServiceTable services;
  FrontendTable frontends;
};

Sync::Sync(std::unique_ptr<State> state) : state_(std::move(state)) {}
Sync::Sync(Sync&&) noexcept = default;
Sync& Sync::operator=(Sync&&) noexcept = default;
Sync::~Sync() = default;

Result<Sync> Sync::adopt(const Tables& tables) {
  SP_TRY_ASSIGN(adopted, read_back(tables));
  return Sync(
      std::make_unique<State>(State{ServiceTable(tables, std::move(adopted.services)),
                                    FrontendTable(tables, std::move(adopted.frontends), std::move(adopted.ranges))}));
}

Report Sync::apply(const compile::Desired& desired, bool may_delete, Clock::time_point now) {
  Report report;
  ServiceTable& services = state_->services;
  FrontendTable& frontends = state_->frontends;
  services.collect(now);
  services.put_all(desired.services, may_delete, now, report);
  frontends.put_ranges(desired, services, report);
  frontends.put_frontends(desired, services, may_delete, report);
  if (may_delete) {
    frontends.erase_frontends(desired, services, report);
    frontends.erase_ranges(desired, services, report);
    services.erase_missing(desired.services, now, report);
  }
  return report;
}

}  // namespace sp::sync
