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

void ServiceTable::put_all(Pass& pass) {
  // Both maps are sorted by name: one walk instead of a search for each row. What is inserted meanwhile comes before
  // `it`, which stays valid.
  Names batch = names(pass);
  auto it = services_.begin();
  for (const auto& [name, row] : pass.desired.services) {
    while (it != services_.end() && it->first < name) {
      ++it;
    }
    const bool is_known = it != services_.end() && it->first == name;
    put_row(is_known ? &it->second : nullptr, name, row, pass, batch);
  }
  batch.flush();
}

void ServiceTable::put(const std::string& name, Pass& pass) {
  if (const auto wanted = pass.desired.services.find(name); wanted != pass.desired.services.end()) {
    Names batch = names(pass);
    put_row(find(name), name, wanted->second, pass, batch);
    batch.flush();
  }
}

ServiceTable::Names ServiceTable::names(Pass& pass) {
  return {tables_.service_names,
          [this, &pass](ServiceDraft& draft) {
            write(draft, pass);
            settle(draft, pass);
          },
          [this, &pass](const ServiceDraft& draft, const Error& error) {
            release(draft);
            pass.report.problems.push_back("service " + draft.name + " is not in force: " + error.text());
            pass.pending.services.insert(draft.name);
          }};
}

void ServiceTable::put_row(LiveService* current, const std::string& name, const compile::ServiceRow& row, Pass& pass,
                           Names& names) {
  if (current != nullptr) {
    if (!current->damaged && current->row == row) {
      current->row = row;  // equal, but from now on they share their memory
      return;
    }
    if (!pass.may_delete && !contains_all(row.backends, current->row.backends)) {
      return;
    }
  }
  ServiceDraft draft(name, row, current);
  if (const char* map = reserve(draft); map != nullptr) {
    release(draft);
    pass.report.problems.push_back(full(map, draft));
    pass.pending.services.insert(name);
    return;
  }
  if (current == nullptr) {
    sp_service_name text{};
    std::memcpy(text.text, name.data(), std::min(name.size(), sizeof text.text - 1));
    names.add(draft.id, text, std::move(draft));
    return;
  }
  write(draft, pass);
  settle(draft, pass);
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

// The row's generation stays: it was raised when the id was last retired.
void ServiceTable::write_backend(const LiveBackend& backend, std::uint32_t service_id, Pass& pass) {
  sp_backend_val& row = tables_.backends[backend.id];
  sp_backend_val value{};
  value.addr = backend.backend.ip.raw();
  value.port = Be16::from_host(backend.backend.port).raw;
  value.flags = backend.flags();
  value.generation = row.generation;
  value.service_id = service_id;
  store_backend(row, value);
  ++pass.report.backends_written;
}

void ServiceTable::write(const ServiceDraft& draft, Pass& pass) {
  for (const std::size_t index : draft.added) {
    write_backend(draft.live[index], draft.id, pass);
  }
  for (const std::size_t index : draft.changed) {
    if (draft.live[index].selected) {
      write_backend(draft.live[index], draft.id, pass);
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
      write_backend(draft.live[index], draft.id, pass);
    }
  }
  pass.report.services_written += new_policy || draft.new_set ? 1 : 0;
}

// The new set is in force: take away what has left, and remember what is.
void ServiceTable::settle(ServiceDraft& draft, Pass& pass) {
  LiveService& service = draft.current == nullptr ? services_[draft.name] : *draft.current;
  service.id = draft.id;
  service.row = draft.row;
  service.damaged = false;
  service.live = std::move(draft.live);
  if (draft.new_set) {
    slots_.rest(service.slots, pass.now);
    service.slots = draft.slots;
    service.slot_ids = std::move(draft.slot_ids);
  }
  if (pass.may_delete && !draft.row.serving.empty()) {
    for (const LiveBackend& backend : draft.leaving) {
      retire(backend, pass);
    }
    return;
  }
  // Nothing serves, so nothing better is at hand for the flows of the old backends; or it is too early to tell.
  for (LiveBackend& backend : draft.leaving) {
    if (backend.selected) {
      backend.selected = false;
      write_backend(backend, service.id, pass);
    }
  }
  std::vector<LiveBackend> all;
  std::merge(service.live.begin(), service.live.end(), draft.leaving.begin(), draft.leaving.end(),
             std::back_inserter(all), [](const auto& a, const auto& b) { return before(a.backend, b.backend); });
  service.live = std::move(all);
  if (!pass.may_delete && !draft.leaving.empty()) {
    std::vector<compile::Backend> serving;
    for (const LiveBackend& backend : service.live) {
      serving.push_back(backend.backend);
    }
    service.row.serving = serving;
  }
}

void ServiceTable::erase_missing(Pass& pass) {
  auto wanted = pass.desired.services.begin();
  for (auto it = services_.begin(); it != services_.end();) {
    while (wanted != pass.desired.services.end() && wanted->first < it->first) {
      ++wanted;
    }
    const bool is_wanted = wanted != pass.desired.services.end() && wanted->first == it->first;
    it = is_wanted ? std::next(it) : erase(it, pass);
  }
}

void ServiceTable::erase_if_missing(const std::string& name, Pass& pass) {
  const auto found = services_.find(name);
  if (found != services_.end() && !pass.desired.services.contains(name)) {
    static_cast<void>(erase(found, pass));
  }
}

// A row stays as long as a frontend or a source range carries its id. Returns the next row.
ServiceTable::Services::iterator ServiceTable::erase(Services::iterator service, Pass& pass) {
  const auto& [name, row] = *service;
  if (row.frontends != 0 || pass.pending.source_ranges.contains(name)) {
    pass.pending.services.insert(name);
    return std::next(service);
  }
  if (auto erased = tables_.service_names.erase(row.id); !erased) {
    pass.report.problems.push_back("service " + name + " is not erased: " + erased.error().text());
    pass.pending.services.insert(name);
    return std::next(service);
  }
  for (const LiveBackend& backend : row.live) {
    retire(backend, pass);
  }
  slots_.rest(row.slots, pass.now);
  service_ids_.rest(row.id, pass.now);
  ++pass.report.services_erased;
  return services_.erase(service);
}

}  // namespace sp::sync
