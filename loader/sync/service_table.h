// SPDX-License-Identifier: Apache-2.0
// ServiceTable: the service rows in force with their ids, slots and backend rows, and how one row is replaced.
//
// A change is: new backend rows, then their ids in a fresh range of slots, then the one word of the service row that
// points there; only then is anything taken away. A change that lacks room leaves the row as it was (I12).
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "loader/compile/desired.h"
#include "loader/sync/id_allocator.h"
#include "loader/sync/live_service.h"
#include "loader/sync/service_draft.h"
#include "loader/sync/slot_allocator.h"
#include "loader/sync/sync.h"
#include "loader/sync/tables.h"

namespace sp::sync {

class ServiceTable {
 public:
  using TimePoint = Sync::Clock::time_point;
  using Services = std::map<std::string, LiveService>;
  using DesiredServices = std::map<std::string, compile::ServiceRow>;

  // Takes over `services`; every other backend row and service row in `tables` is cleared, as nothing points there.
  ServiceTable(const Tables& tables, Services services);

  [[nodiscard]] const Services& all() const { return services_; }
  [[nodiscard]] LiveService* find(const std::string& name);

  // Makes ids and slots that have rested usable again.
  void collect(TimePoint now);
  // Makes every row of `desired` the one in force. Without `may_delete` a set only grows and no backend is retired.
  void put_all(const DesiredServices& desired, bool may_delete, TimePoint now, Report& report);
  // Erases rows that `desired` lacks and no frontend points to.
  void erase_missing(const DesiredServices& desired, TimePoint now, Report& report);

 private:
  void put(LiveService* current, const std::string& name, const compile::ServiceRow& row, bool may_delete,
           TimePoint now, Report& report);
  [[nodiscard]] const char* reserve(ServiceDraft& draft);
  void release(const ServiceDraft& draft);
  [[nodiscard]] Result<void> write_name(const ServiceDraft& draft);
  void write_backend(const LiveBackend& backend, std::uint32_t service_id, Report& report);
  void write(const ServiceDraft& draft, Report& report);
  void settle(ServiceDraft& draft, bool may_delete, TimePoint now, Report& report);
  void retire(const LiveBackend& backend, TimePoint now, Report& report);
  void clear_backend(std::uint32_t id);
  void clear_strays(const std::vector<bool>& service_used, const std::vector<bool>& backend_used);

  Tables tables_;
  Services services_;
  IdAllocator service_ids_;
  IdAllocator backend_ids_;
  SlotAllocator slots_;
};

}  // namespace sp::sync
