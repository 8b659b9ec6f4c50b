// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/map_contents.h"

#include <algorithm>
#include <map>
#include <optional>

#include "loader/kernel/map.h"
#include "loader/kernel/mapped_array.h"
#include "loader/kernel/reader.h"
#include "loader/sync/frontend_table.h"
#include "loader/util/ticks.h"

namespace sp::test {
namespace {

using Names = std::map<std::uint32_t, std::string>;

constexpr unsigned kMappedBits = 96;  // ::ffff:0:0/96 before an IPv4 address

std::string name_of(const Names& names, std::uint32_t id) {
  const auto found = names.find(id);
  return found == names.end() ? "service " + std::to_string(id) + " without a name" : found->second;
}

compile::ServiceRow row_of(const kernel::Reader& reader, const sp_service_val& service) {
  compile::ServiceRow row;
  row.flags = service.flags;
  row.affinity_timeout_s = seconds_of_ticks(service.affinity_ticks);
  std::vector<compile::Backend> backends;
  for (std::uint32_t i = 0; i < service.slot_count; ++i) {
    const sp_backend_val& backend = reader.backends()[reader.slots()[service.slot_base + i]];
    backends.push_back({Ip(backend.addr), Be16{backend.port}.to_host(), (backend.flags & SP_BACKEND_LOCAL) != 0});
  }
  row.backends = std::move(backends);
  return row;
}

Result<void> read_ranges(const std::filesystem::path& pin_path, const Names& names, compile::Desired& contents) {
  using Ranges = kernel::Map<sp_source_range_key, __u8>;
  SP_TRY_ASSIGN(ranges, Ranges::open(pin_path, "sp_source_range", BPF_MAP_TYPE_LPM_TRIE, kernel::Access::read_only));
  SP_TRY(ranges.walk([&](const sp_source_range_key& key, const __u8&) {
    const Ip address(key.addr);
    const unsigned bits = key.prefix_bits - 32 - (address.family() == Family::v4 ? kMappedBits : 0);
    contents.source_ranges[name_of(names, __builtin_bswap32(key.service_id))].push_back(Prefix{address, bits});
  }));
  for (auto& [name, prefixes] : contents.source_ranges) {
    std::sort(prefixes.begin(), prefixes.end());
  }
  return {};
}

// An entry without a mask is unused.
std::optional<Prefix> range_of(const sp_network& entry) {
  unsigned bits = 0;
  for (const __be32 word : entry.mask.w) {
    bits += static_cast<unsigned>(__builtin_popcount(word));
  }
  const Ip address(entry.addr);
  return bits == 0 ? std::nullopt
                   : std::optional(Prefix{address, bits - (address.family() == Family::v4 ? kMappedBits : 0)});
}

Result<void> read_networks(const std::filesystem::path& pin_path, compile::Desired& contents) {
  const kernel::MapShape shape{BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(sp_networks_val)};
  SP_TRY_ASSIGN(map, kernel::open_pinned_map(pin_path, "sp_networks", shape, kernel::Access::read_write));
  SP_TRY_ASSIGN(rows, kernel::MappedArray<const sp_networks_val>::map(map));
  const sp_networks_val& row = rows.rows().front();
  for (const sp_network& entry : row.pods) {
    if (const auto range = range_of(entry)) {
      contents.networks.pods.push_back(*range);
    }
  }
  for (const auto& family : row.services) {
    for (const sp_network& entry : family) {
      if (const auto range = range_of(entry)) {
        contents.networks.services.push_back({*range, (entry.flags & SP_NETWORK_ALLOCATED) != 0});
      }
    }
  }
  using ServiceIps = kernel::Map<sp_addr, __u32>;
  SP_TRY_ASSIGN(addresses, ServiceIps::open(pin_path, "sp_service_ips", BPF_MAP_TYPE_HASH, kernel::Access::read_only));
  return addresses.walk([&](const sp_addr& address, const __u32& fate) {
    contents.service_ips[Ip(address)] = static_cast<sp_service_ip>(fate);
  });
}

}  // namespace

Result<compile::Desired> map_contents(const std::filesystem::path& pin_path) {
  SP_TRY_ASSIGN(reader, kernel::Reader::open(pin_path));
  SP_TRY_ASSIGN(name_rows, reader.service_names());
  SP_TRY_ASSIGN(frontends, reader.frontends());
  compile::Desired contents;
  Names names;
  for (const auto& [id, name] : name_rows) {
    names[id] = name.text;
    contents.services[name.text] = row_of(reader, reader.services()[id]);
  }
  for (const auto& [key, value] : frontends) {
    const compile::Frontend frontend{Ip(key.addr), Be16{key.port}.to_host(), static_cast<Protocol>(key.proto),
                                     static_cast<sp_scope>(key.scope)};
    contents.frontends[frontend] = {name_of(names, value.service_id), value.flags,
                                    static_cast<sp_frontend_kind>(value.kind)};
  }
  SP_TRY(read_ranges(pin_path, names, contents));
  SP_TRY(read_networks(pin_path, contents));
  return contents;
}

}  // namespace sp::test
