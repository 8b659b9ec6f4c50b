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
  tables_.services.for_each_written([&](std::size_t id, sp_service_val& row) {
    if (id != 0 && !service_used[id] && row.slot_count != 0) {
      store_set(row, 0, 0);
      store_policy(row, 0, 0);
    }
  });
  tables_.backends.for_each_written([&](std::size_t id, const sp_backend_val& row) {
    if (id != 0 && !backend_used[id] && (row.flags & SP_BACKEND_USED) != 0) {
      clear_backend(static_cast<std::uint32_t>(id));
    }
  });
}

}  // namespace sp::sync
