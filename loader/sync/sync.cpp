// SPDX-License-Identifier: Apache-2.0
// Sync: additions first, deletions last.
#include "loader/sync/sync.h"

#include <utility>

#include "loader/sync/adopt.h"
#include "loader/sync/frontend_table.h"
#include "loader/sync/network_table.h"
#include "loader/sync/service_table.h"

namespace sp::sync {

struct Sync::State {
  ServiceTable services;
  FrontendTable frontends;
  NetworkTable networks;
  Pending pending{};
  bool settled = false;  // everything but `pending` is as the last Desired says
};

Sync::Sync(std::unique_ptr<State> state) : state_(std::move(state)) {}
Sync::Sync(Sync&&) noexcept = default;
Sync& Sync::operator=(Sync&&) noexcept = default;
Sync::~Sync() = default;

Result<Sync> Sync::adopt(const Tables& tables) {
  SP_TRY_ASSIGN(adopted, read_back(tables));
  return Sync(
      std::make_unique<State>(State{ServiceTable(tables, std::move(adopted.services)),
                                    FrontendTable(tables, std::move(adopted.frontends), std::move(adopted.ranges)),
                                    NetworkTable(tables, std::move(adopted.service_ips))}));
}

Report Sync::apply(const compile::Desired& desired, bool may_delete, Clock::time_point now) {
  ServiceTable& services = state_->services;
  FrontendTable& frontends = state_->frontends;
  NetworkTable& networks = state_->networks;
  Pass pass{desired, may_delete, now};
  services.collect(now);
  services.put_all(pass);
  frontends.put_ranges(services, pass);
  frontends.put_frontends(services, pass);
  networks.put_service_ips(pass);
  networks.put_networks(pass);
  if (may_delete) {
    frontends.erase_frontends(services, pass);
    frontends.erase_ranges(services, pass);
    services.erase_missing(pass);
    networks.erase_service_ips(pass);
  }
  services.publish_generations();
  state_->pending = std::move(pass.pending);
  state_->settled = may_delete;
  pass.report.full = true;
  return std::move(pass.report);
}

Report Sync::apply(const compile::Desired& desired, const compile::Delta& delta, bool may_delete,
                   Clock::time_point now) {
  if (delta.everything || !may_delete || !state_->settled) {
    return apply(desired, may_delete, now);
  }
  ServiceTable& services = state_->services;
  FrontendTable& frontends = state_->frontends;
  NetworkTable& networks = state_->networks;
  Pending due = std::exchange(state_->pending, {});
  due.services.insert(delta.services.begin(), delta.services.end());
  due.frontends.insert(delta.frontends.begin(), delta.frontends.end());
  due.source_ranges.insert(delta.source_ranges.begin(), delta.source_ranges.end());
  due.service_ips.insert(delta.service_ips.begin(), delta.service_ips.end());
  Pass pass{desired, may_delete, now};
  services.collect(now);
  for (const std::string& name : due.services) {
    services.put(name, pass);
  }
  for (const std::string& name : due.source_ranges) {
    frontends.put_range(name, services, pass);
  }
  for (const compile::Frontend& frontend : due.frontends) {
    frontends.put_frontend(frontend, services, pass);
  }
  for (const Ip& ip : due.service_ips) {
    networks.put_service_ip(ip, pass);
  }
  if (delta.networks) {
    networks.put_networks(pass);
  }
  for (const compile::Frontend& frontend : due.frontends) {
    frontends.erase_frontend_if_missing(frontend, services, pass);
  }
  for (const std::string& name : due.source_ranges) {
    frontends.erase_stale_range(name, services, pass);
  }
  for (const std::string& name : due.services) {
    services.erase_if_missing(name, pass);
  }
  for (const Ip& ip : due.service_ips) {
    networks.erase_service_ip_if_missing(ip, pass);
  }
  services.publish_generations();
  state_->pending = std::move(pass.pending);
  return std::move(pass.report);
}

}  // namespace sp::sync
