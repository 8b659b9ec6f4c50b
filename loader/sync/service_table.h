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
#include "loader/sync/pass.h"
#include "loader/sync/row_batch.h"
#include "loader/sync/service_draft.h"
#include "loader/sync/slot_allocator.h"
#include "loader/sync/sync.h"
#include "loader/sync/tables.h"

namespace sp::sync {

class ServiceTable {
 public:
  using TimePoint = Sync::Clock::time_point;
  using Services = std::map<std::string, LiveService>;

  // Takes over `services`; every other backend row and service row in `tables` is cleared, as nothing points there.
  ServiceTable(const Tables& tables, Services services);

  [[nodiscard]] const Services& all() const { return services_; }
  [[nodiscard]] LiveService* find(const std::string& name);

  // Makes ids and slots that have rested usable again.
  void collect(TimePoint now);
  // Makes the rows of Desired the ones in force: all, or one. Without pass.may_delete a set only grows and no backend
  // is retired.
  void put_all(Pass& pass);
  void put(const std::string& name, Pass& pass);
  // Moves the UDP flows of a row's backends, for a frontend that leads elsewhere now: of all, or of those that are
  // only kept because nothing serves. The rows stay.
  enum class Moved : std::uint8_t { all, abandoned };
  void move_flows(const LiveService& service, Moved which, Pass& pass);
  // Erases rows that Desired lacks and nothing points to: all, or one.
  void erase_missing(Pass& pass);
  void erase_if_missing(const std::string& name, Pass& pass);
  // Makes packets look at generations that have been raised since the last call: the end of every pass.
  void publish_generations();

 private:
  // A new row waits for its name to be written, so that nobody ever meets a row without.
  using Names = RowBatch<__u32, sp_service_name, ServiceDraft>;
  [[nodiscard]] Names names(Pass& pass);
  void put_row(LiveService* current, const std::string& name, const compile::ServiceRow& row, Pass& pass, Names& names);
  [[nodiscard]] Services::iterator erase(Services::iterator service, Pass& pass);
  [[nodiscard]] const char* reserve(ServiceDraft& draft);
  void release(const ServiceDraft& draft);
  void write_backend(const LiveBackend& backend, std::uint32_t service_id, Pass& pass);
  void write(const ServiceDraft& draft, Pass& pass);
  void settle(ServiceDraft& draft, Pass& pass);
  void retire(const LiveBackend& backend, Pass& pass);
  void clear_backend(std::uint32_t id);
  void store_generation(std::uint32_t id, const sp_backend_val& value);
  void clear_strays(const std::vector<bool>& service_used, const std::vector<bool>& backend_used);

  Tables tables_;
  Services services_;
  IdAllocator service_ids_;
  IdAllocator backend_ids_;
  SlotAllocator slots_;
  // At first an earlier agent's, which may have ended between a generation and the epoch.
  bool generations_raised_ = true;
};

}  // namespace sp::sync
