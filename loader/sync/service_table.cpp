// SPDX-License-Identifier: Apache-2.0
// ServiceTable: ordered replacement of service rows.
#include "loader/sync/service_table.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "loader/sync/stores.h"
#include "loader/util/ticks.h"

namespace sp::sync {
namespace {

std::string full(const char* map, const ServiceDraft& draft) {
  const std::string state = draft.current == nullptr
                                ? "is not in force"
                                : "keeps its " + std::to_string(draft.current->slot_ids.size()) + " backends";
  return std::string("map ") + map + ": full: service " + draft.name + " with " +
         std::to_string(draft.row.backends.size()) + " backends " + state;
}

}  // namespace

// The generation grows once more: a flow that was opened between reading the slot and the row's retirement has the
// generation of after the retirement, and must not stay either.
void ServiceTable::clear_backend(std::uint32_t id) {
  sp_backend_val cleared{};
  cleared.generation = tables_.backends[id].generation + 1;
  store_backend(tables_.backends[id], cleared);
}

LiveService* ServiceTable::find(const std::string& name) {
  const auto found = services_.find(name);
  return found == services_.end() ? nullptr : &found->second;
}

void ServiceTable::collect(TimePoint now) {
  slots_.collect(now, Sync::kRest);
  for (const std::uint32_t id : backend_ids_.collect(now, Sync::kRest)) {
    clear_backend(id);
  }
  for (const std::uint32_t id : service_ids_.collect(now, Sync::kRest)) {
    store_set(tables_.services[id], 0, 0);
    store_policy(tables_.services[id], 0, 0);
  }
}

void ServiceTable::put_all(const DesiredServices& desired, bool may_delete, TimePoint now, Report& report) {
  // Both maps are sorted by name: one walk instead of a search for each row. put() may insert before `it`, which
  // leaves it valid.
  auto it = services_.begin();
  for (const auto& [name, row] : desired) {
    while (it != services_.end() && it->first < name) {
      ++it;
    }
    const bool is_known = it != services_.end() && it->first == name;
    put(is_known ? &it->second : nullptr, name, row, may_delete, now, report);
  }
}

void ServiceTable::put(LiveService* current, const std::string& name, const compile::ServiceRow& row, bool may_delete,
                       TimePoint now, Report& report) {
  if (current != nullptr) {
    const bool in_force = !current->damaged && current->row == row;
    if (in_force || (!may_delete && !contains_all(row.backends, current->row.backends))) {
      return;
    }
  }
  ServiceDraft draft(name, row, current);
  if (const char* map = reserve(draft); map != nullptr) {
    release(draft);
    report.problems.push_back(full(map, draft));
    return;
  }
  if (current == nullptr) {
    if (auto named = write_name(draft); !named) {
      release(draft);
      report.problems.push_back("service " + name + " is not in force: " + named.error().text());
      return;
    }
  }
  write(draft, report);
  settle(draft, may_delete, now, report);
}

// Takes every id and slot that the draft needs, or names the map that has no more.
const char* ServiceTable::reserve(ServiceDraft& draft) {
  if (draft.current == nullptr) {
    const auto id = service_ids_.allocate();
    if (!id) {
      return "sp_services";
    }
    draft.id = *id;
  }
  for (const std::size_t index : draft.added) {
    const auto id = backend_ids_.allocate();
    if (!id) {
      return "sp_backends";
    }
    draft.live[index].id = *id;
  }
  draft.set_slot_ids();
  if (draft.new_set) {
    const auto range = slots_.allocate(static_cast<std::uint32_t>(draft.slot_ids.size()));
    if (!range) {
      return "sp_slots";
    }
    draft.slots = *range;
  }
  return nullptr;
}

// Gives back what reserve() took; nothing of it has been written.
void ServiceTable::release(const ServiceDraft& draft) {
  if (draft.current == nullptr && draft.id != 0) {
    service_ids_.give_back(draft.id);
  }
  for (const std::size_t index : draft.added) {
    if (draft.live[index].id != 0) {
      backend_ids_.give_back(draft.live[index].id);
    }
  }
  slots_.give_back(draft.slots);
}

Result<void> ServiceTable::write_name(const ServiceDraft& draft) {
  sp_service_name value{};
  std::memcpy(value.text, draft.name.data(), std::min(draft.name.size(), sizeof value.text - 1));
  return tables_.service_names.update(draft.id, value);
}

// The row's generation stays: it was raised when the id was last retired.
void ServiceTable::write_backend(const LiveBackend& backend, std::uint32_t service_id, Report& report) {
  sp_backend_val& row = tables_.backends[backend.id];
  sp_backend_val value{};
  value.addr = backend.backend.ip.raw();
  value.port = Be16::from_host(backend.backend.port).raw;
  value.flags = backend.flags();
  value.generation = row.generation;
  value.service_id = service_id;
  store_backend(row, value);
  ++report.backends_written;
}

void ServiceTable::write(const ServiceDraft& draft, Report& report) {
  for (const std::size_t index : draft.added) {
    write_backend(draft.live[index], draft.id, report);
  }
  for (const std::size_t index : draft.changed) {
    if (draft.live[index].selected) {
      write_backend(draft.live[index], draft.id, report);
    }
  }
  sp_service_val& row = tables_.services[draft.id];
  const std::uint32_t ticks = ticks_of_seconds(draft.row.affinity_timeout_s);
  const bool new_policy = row.flags != draft.row.flags || row.affinity_ticks != ticks;
  if (new_policy) {
    store_policy(row, draft.row.flags, ticks);
  }
  if (draft.new_set) {
    for (std::size_t i = 0; i < draft.slot_ids.size(); ++i) {
      store_slot(tables_.slots[draft.slots.base + i], draft.slot_ids[i]);
    }
    store_set(row, draft.slots.base, draft.slots.count);
  }
  for (const std::size_t index : draft.changed) {
    if (!draft.live[index].selected) {
      write_backend(draft.live[index], draft.id, report);
    }
  }
  report.services_written += new_policy || draft.new_set ? 1 : 0;
}

// The new set is in force: take away what has left, and remember what is.
void ServiceTable::settle(ServiceDraft& draft, bool may_delete, TimePoint now, Report& report) {
  LiveService& service = draft.current == nullptr ? services_[draft.name] : *draft.current;
  service.id = draft.id;
  service.row = draft.row;
  service.damaged = false;
  service.live = std::move(draft.live);
  if (draft.new_set) {
    slots_.rest(service.slots, now);
    service.slots = draft.slots;
    service.slot_ids = std::move(draft.slot_ids);
  }
  if (may_delete && !draft.row.serving.empty()) {
    for (const LiveBackend& backend : draft.leaving) {
      retire(backend, now, report);
    }
    return;
  }
  // Nothing serves, so nothing better is at hand for the flows of the old backends; or it is too early to tell.
  for (LiveBackend& backend : draft.leaving) {
    if (backend.selected) {
      backend.selected = false;
      write_backend(backend, service.id, report);
    }
  }
  std::vector<LiveBackend> all;
  std::merge(service.live.begin(), service.live.end(), draft.leaving.begin(), draft.leaving.end(),
             std::back_inserter(all), [](const auto& a, const auto& b) { return before(a.backend, b.backend); });
  service.live = std::move(all);
  if (!may_delete && !draft.leaving.empty()) {
    std::vector<compile::Backend> serving;
    for (const LiveBackend& backend : service.live) {
      serving.push_back(backend.backend);
    }
    service.row.serving = serving;
  }
}

// The row itself stays readable until the id has rested: a packet in flight may have read its slot a moment ago.
void ServiceTable::retire(const LiveBackend& backend, TimePoint now, Report& report) {
  sp_backend_val& row = tables_.backends[backend.id];
  sp_backend_val retired = row;
  ++retired.generation;
  retired.service_id = 0;
  retired.flags &= static_cast<__u16>(~SP_BACKEND_SELECTED);
  store_backend(row, retired);
  backend_ids_.rest(backend.id, now);
  ++report.backends_retired;
}

void ServiceTable::erase_missing(const DesiredServices& desired, TimePoint now, Report& report) {
  auto wanted = desired.begin();
  for (auto it = services_.begin(); it != services_.end();) {
    while (wanted != desired.end() && wanted->first < it->first) {
      ++wanted;
    }
    if ((wanted != desired.end() && wanted->first == it->first) || it->second.frontends != 0) {
      ++it;
      continue;
    }
    if (auto erased = tables_.service_names.erase(it->second.id); !erased) {
      report.problems.push_back("service " + it->first + " is not erased: " + erased.error().text());
      ++it;
      continue;
    }
    for (const LiveBackend& backend : it->second.live) {
      retire(backend, now, report);
    }
    slots_.rest(it->second.slots, now);
    service_ids_.rest(it->second.id, now);
    ++report.services_erased;
    it = services_.erase(it);
  }
}

}  // namespace sp::sync
