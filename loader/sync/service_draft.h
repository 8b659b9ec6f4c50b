// SPDX-License-Identifier: Apache-2.0
// ServiceDraft: a change of one service row, worked out before anything is written: what stays, comes and goes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "loader/sync/live_service.h"

namespace sp::sync {

struct ServiceDraft {
  // Works out live, added, changed and leaving. All three must outlive the draft; `in_force` is null for a new service.
  ServiceDraft(const std::string& service_name, const compile::ServiceRow& wanted, LiveService* in_force);

  const std::string& name;
  const compile::ServiceRow& row;
  LiveService* current;
  std::uint32_t id = 0;
  std::vector<LiveBackend> live;        // every chosen or serving backend, sorted; id 0 until reserved
  std::vector<std::size_t> added;       // indices in `live` of backends without a row yet
  std::vector<std::size_t> changed;     // indices in `live` of rows with other flags
  std::vector<LiveBackend> leaving;     // rows that are neither chosen nor serving any more; sorted
  std::vector<std::uint32_t> slot_ids;  // the new set, by set_slot_ids()
  SlotRange slots;                      // where it goes, if new_set
  bool new_set = false;

  // Fills slot_ids and new_set, once every id in `live` is known.
  void set_slot_ids();
};

// Does `set` have every backend of `subset`? Both sorted.
[[nodiscard]] bool contains_all(std::span<const compile::Backend> set, std::span<const compile::Backend> subset);

}  // namespace sp::sync
