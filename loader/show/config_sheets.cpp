// SPDX-License-Identifier: Apache-2.0
// What the agent wrote: frontends, services, backends.
#include <algorithm>
#include <tuple>

#include "loader/show/sheets.h"
#include "loader/show/words.h"
#include "loader/util/ticks.h"

namespace sp::show {
namespace {

std::vector<std::string> frontend_flags(__u16 flags) {
  std::vector<std::string> words;
  if ((flags & SP_FRONTEND_NODE_ADDR) != 0) words.emplace_back("node-address");
  if ((flags & SP_FRONTEND_SOURCE_RANGES) != 0) words.emplace_back("source-ranges");
  return words;
}

std::vector<std::string> service_flags(__u32 flags) {
  std::vector<std::string> words;
  if ((flags & SP_SERVICE_DROP_EMPTY) != 0) words.emplace_back("drop-empty");
  if ((flags & SP_SERVICE_AFFINITY) != 0) words.emplace_back("affinity");
  return words;
}

// The endpoints of a service's slots, in round-robin order. Rows may change under us, so every index is checked.
std::vector<std::string> endpoints_of(const kernel::Reader& reader, const sp_service_val& service) {
  std::vector<std::string> endpoints;
  for (std::uint64_t i = 0; i < service.slot_count; ++i) {
    const std::uint64_t slot = service.slot_base + i;
    if (slot >= reader.slots().size()) break;
    const std::uint64_t id = reader.slots()[slot];
    if (id >= reader.backends().size()) continue;
    const sp_backend_val& backend = reader.backends()[id];
    endpoints.push_back(endpoint_text(Ip(backend.addr), backend.port));
  }
  return endpoints;
}

}  // namespace

Result<Sheet> frontends_sheet(const kernel::Reader& reader) {
  SP_TRY_ASSIGN(names, service_names(reader));
  SP_TRY_ASSIGN(rows, reader.frontends());
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    const auto order = [](const sp_frontend_key& key) {
      return std::tuple(Ip(key.addr), Be16{key.port}.to_host(), key.proto, key.scope);
    };
    return order(a.first) < order(b.first);
  });
  Sheet sheet({"address", "port", "protocol", "scope", "kind", "service", "service_id", "flags"});
  for (const auto& [key, value] : rows) {
    sheet.add({Ip(key.addr).text(), std::uint64_t{Be16{key.port}.to_host()}, protocol_text(key.proto),
               scope_text(key.scope), kind_text(value.kind), service_text(names, value.service_id),
               std::uint64_t{value.service_id}, frontend_flags(value.flags)});
  }
  return sheet;
}

Result<Sheet> services_sheet(const kernel::Reader& reader) {
  SP_TRY_ASSIGN(names, service_names(reader));
  SP_TRY_ASSIGN(stats, reader.service_stats());
  Sheet sheet({"id", "service", "slots", "affinity_s", "packets", "bytes", "flags", "endpoints"});
  for (const auto& [id, name] : names) {
    if (id >= reader.services().size()) continue;
    const sp_service_val service = reader.services()[id];
    const sp_service_stats_val total = id < stats.size() ? stats[id] : sp_service_stats_val{};
    sheet.add({std::uint64_t{id}, name, std::uint64_t{service.slot_count},
               std::uint64_t{seconds_of_ticks(service.affinity_ticks)}, std::uint64_t{total.packets},
               std::uint64_t{total.bytes}, service_flags(service.flags), endpoints_of(reader, service)});
  }
  return sheet;
}

Result<Sheet> backends_sheet(const kernel::Reader& reader) {
  SP_TRY_ASSIGN(names, service_names(reader));
  Sheet sheet({"id", "address", "port", "local", "in_set", "generation", "service"});
  for (std::size_t id = 1; id < reader.backends().size(); ++id) {
    const sp_backend_val& backend = reader.backends()[id];
    if ((backend.flags & SP_BACKEND_USED) == 0) continue;
    sheet.add({std::uint64_t{id}, Ip(backend.addr).text(), std::uint64_t{Be16{backend.port}.to_host()},
               (backend.flags & SP_BACKEND_LOCAL) != 0, (backend.flags & SP_BACKEND_SELECTED) != 0,
               std::uint64_t{backend.generation}, service_text(names, backend.service_id)});
  }
  return sheet;
}

}  // namespace sp::show
