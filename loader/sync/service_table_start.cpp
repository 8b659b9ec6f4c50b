// SPDX-License-Identifier: Apache-2.0
// ServiceTable: taking over what was adopted.
#include <utility>

#include "loader/sync/service_table.h"
#include "loader/sync/stores.h"

namespace sp::sync {
namespace {

std::vector<bool> service_ids_of(const ServiceTable::Services& services, std::size_t size) {
  std::vector<bool> used(size);
  for (const auto& [name, service] : services) {
    used[service.id] = true;
  }
  return used;
}

std::vector<bool> backend_ids_of(const ServiceTable::Services& services, std::size_t size) {
  std::vector<bool> used(size);
  for (const auto& [name, service] : services) {
    for (const LiveBackend& backend : service.live) {
      used[backend.id] = true;
    }
  }
  return used;
}

}  // namespace

ServiceTable::ServiceTable(const Tables& tables, Services services)
    : tables_(tables),
      services_(std::move(services)),
      service_ids_(service_ids_of(services_, tables.services.size())),
      backend_ids_(backend_ids_of(services_, tables.backends.size())),
      slots_(static_cast<std::uint32_t>(tables.slots.size())) {
  for (auto& [name, service] : services_) {
    if (!slots_.take(service.slots)) {
      service.slots = {};
      service.slot_ids.clear();
      service.damaged = true;
    }
  }
  clear_strays(service_ids_of(services_, tables.services.size()), backend_ids_of(services_, tables.backends.size()));
}

// Left by an agent that ended while rows rested, or between two stores. No frontend leads there.
void ServiceTable::clear_strays(const std::vector<bool>& service_used, const std::vector<bool>& backend_used) {
  for (std::size_t id = 1; id < service_used.size(); ++id) {
    if (!service_used[id] && tables_.services[id].slot_count != 0) {
      store_set(tables_.services[id], 0, 0);
      store_policy(tables_.services[id], 0, 0);
    }
  }
  for (std::size_t id = 1; id < backend_used.size(); ++id) {
    if (!backend_used[id] && (tables_.backends[id].flags & SP_BACKEND_USED) != 0) {
      clear_backend(static_cast<std::uint32_t>(id));
    }
  }
}

}  // namespace sp::sync
