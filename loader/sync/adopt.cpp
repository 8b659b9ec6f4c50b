// SPDX-License-Identifier: Apache-2.0
// Adoption: reading the maps back.
#include "loader/sync/adopt.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "loader/util/ticks.h"

namespace sp::sync {
namespace {

compile::Backend backend_of(const sp_backend_val& row) {
  return {Ip(row.addr), Be16{row.port}.to_host(), (row.flags & SP_BACKEND_LOCAL) != 0};
}

class Reader {
 public:
  explicit Reader(const Tables& tables) : tables_(tables) {}

  Result<Adopted> run() {
    SP_TRY(tables_.service_names.for_each([&](const __u32& id, const sp_service_name& name) {
      add_service(id, std::string(name.text, strnlen(name.text, sizeof name.text)));
    }));
    SP_TRY(tables_.frontends.for_each(
        [&](const sp_frontend_key& key, const sp_frontend_val& value) { add_frontend(key, value); }));
    read_backends();
    for (auto& [name, service] : out_.services) {
      read_set(service);
    }
    SP_TRY(
        tables_.source_ranges.for_each([&](const sp_source_range_key& key, const __u8& /*allow*/) { add_range(key); }));
    for (auto& [name, ranges] : out_.ranges) {
      std::sort(ranges.begin(), ranges.end());
    }
    SP_TRY(tables_.service_ips.for_each([&](const sp_addr& address, const __u32& fate) {
      out_.service_ips.emplace(Ip(address), static_cast<sp_service_ip>(fate));
    }));
    return std::move(out_);
  }

 private:
  // A row that lost its name still serves the frontends that point to it; it goes once they are known to be stale.
  void add_service(std::uint32_t id, std::string name) {
    if (id == 0 || id >= tables_.services.size() || names_.contains(id)) {
      return;
    }
    if (name.empty() || out_.services.contains(name)) {
      name = "(unnamed service " + std::to_string(id) + ")";
    }
    out_.services[name].id = id;
    names_.emplace(id, std::move(name));
  }

  // A row of a class of clients that nobody knows is as good as none.
  void add_frontend(const sp_frontend_key& key, const sp_frontend_val& value) {
    const compile::Frontend frontend{Ip(key.addr), Be16{key.port}.to_host(), static_cast<Protocol>(key.proto),
                                     static_cast<sp_scope>(key.scope)};
    if (!FrontendRows::has_room(frontend)) {
      return;
    }
    add_service(value.service_id, "");
    compile::FrontendRow row;
    if (const auto name = names_.find(value.service_id); name != names_.end()) {
      row.service = name->second;
      ++out_.services[row.service].frontends;
    }
    row.flags = value.flags;
    row.kind = static_cast<sp_frontend_kind>(value.kind);
    out_.frontends.put(frontend, row);
  }

  void read_backends() {
    std::unordered_map<std::uint32_t, LiveService*> by_id;
    for (const auto& [id, name] : names_) {
      by_id.emplace(id, &out_.services[name]);
    }
    tables_.backends.for_each_written([&](std::size_t id, const sp_backend_val& row) {
      if (id == 0 || (row.flags & SP_BACKEND_USED) == 0) {
        return;
      }
      if (const auto owner = by_id.find(row.service_id); owner != by_id.end()) {
        owner->second->live.push_back(
            {backend_of(row), static_cast<std::uint32_t>(id), (row.flags & SP_BACKEND_SELECTED) != 0});
      }
    });
  }

  void read_set(LiveService& service) {
    const sp_service_val& row = tables_.services[service.id];
    service.row.flags = row.flags;
    service.row.affinity_timeout_s = seconds_of_ticks(row.affinity_ticks);
    if (row.slot_base > tables_.slots.size() || row.slot_count > tables_.slots.size() - row.slot_base) {
      service.damaged = true;
    } else {
      service.slots = row.slot_count == 0 ? SlotRange{} : SlotRange{row.slot_base, row.slot_count};
    }
    std::vector<compile::Backend> chosen;
    for (std::uint32_t i = 0; i < service.slots.count; ++i) {
      const auto id = static_cast<std::uint32_t>(tables_.slots[service.slots.base + i]);
      // `live` is in the order of ids until drop_twins().
      const auto live = std::lower_bound(service.live.begin(), service.live.end(), id,
                                         [](const LiveBackend& b, std::uint32_t wanted) { return b.id < wanted; });
      if (live == service.live.end() || live->id != id) {
        service.damaged = true;
        continue;
      }
      service.slot_ids.push_back(id);
      chosen.push_back(live->backend);
    }
    drop_twins(service);
    std::vector<compile::Backend> serving;
    std::size_t selected = 0;
    for (const LiveBackend& backend : service.live) {
      serving.push_back(backend.backend);
      selected += backend.selected ? 1 : 0;
    }
    service.row.backends = chosen;
    service.row.serving = serving;
    service.damaged = service.damaged || selected != service.slot_ids.size();
  }

  // An agent that died half way may have left two rows for one endpoint: the one that new flows get stays.
  static void drop_twins(LiveService& service) {
    std::vector<std::uint32_t> chosen = service.slot_ids;
    std::sort(chosen.begin(), chosen.end());
    const auto rank = [&](const LiveBackend& b) { return !std::binary_search(chosen.begin(), chosen.end(), b.id); };
    std::sort(service.live.begin(), service.live.end(), [&](const LiveBackend& a, const LiveBackend& b) {
      return before(a.backend, b.backend) || (!before(b.backend, a.backend) && rank(a) < rank(b));
    });
    const auto same = [](const LiveBackend& a, const LiveBackend& b) {
      return a.backend.ip == b.backend.ip && a.backend.port == b.backend.port;
    };
    service.live.erase(std::unique(service.live.begin(), service.live.end(), same), service.live.end());
  }

  void add_range(const sp_source_range_key& key) {
    const auto name = names_.find(__builtin_bswap32(key.service_id));
    const Ip ip(key.addr);
    const unsigned before_address = ip.family() == Family::v4 ? 32 + 96 : 32;
    if (name != names_.end() && key.prefix_bits >= before_address) {
      out_.ranges[name->second].push_back(Prefix{ip, key.prefix_bits - before_address});
    }
  }

  const Tables& tables_;
  Adopted out_;
  std::unordered_map<std::uint32_t, compile::SharedName> names_;
};

}  // namespace

Result<Adopted> read_back(const Tables& tables) {
  return Reader(tables).run();
}

}  // namespace sp::sync
