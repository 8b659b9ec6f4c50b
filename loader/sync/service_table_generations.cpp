// SPDX-License-Identifier: Apache-2.0
// ServiceTable: how UDP flows leave a backend. Its generation is raised (I5), and at the end of the pass the epoch that
// makes packets compare generations.

#include <utility>

#include "loader/sync/service_table.h"
#include "loader/sync/stores.h"

namespace sp::sync {

// The generation grows once more: a flow that was opened between reading the slot and the row's retirement has the
// generation of after the retirement, and must not stay either.
void ServiceTable::clear_backend(std::uint32_t id) {
  sp_backend_val cleared{};
  cleared.generation = tables_.backends[id].generation + 1;
  store_generation(id, cleared);
}

void ServiceTable::store_generation(std::uint32_t id, const sp_backend_val& value) {
  store_backend(tables_.backends[id], value);
  generations_raised_ = true;
}

void ServiceTable::publish_generations() {
  if (std::exchange(generations_raised_, false)) {
    bump_epoch(tables_.backend_epoch);
  }
}

// The row itself stays readable until the id has rested: a packet in flight may have read its slot a moment ago.
void ServiceTable::retire(const LiveBackend& backend, Pass& pass) {
  sp_backend_val retired = tables_.backends[backend.id];
  ++retired.generation;
  retired.service_id = 0;
  retired.flags &= static_cast<__u16>(~SP_BACKEND_SELECTED);
  store_generation(backend.id, retired);
  backend_ids_.rest(backend.id, pass.now);
  ++pass.report.backends_retired;
}

void ServiceTable::move_flows(const LiveService& service, Moved which, Pass& pass) {
  for (const LiveBackend& backend : service.live) {
    if (which == Moved::all || !contains_all(service.row.serving, {&backend.backend, 1})) {
      sp_backend_val row = tables_.backends[backend.id];
      ++row.generation;
      store_generation(backend.id, row);
      ++pass.report.backends_left;
    }
  }
}

}  // namespace sp::sync
