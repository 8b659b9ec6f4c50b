// SPDX-License-Identifier: Apache-2.0
// MapView: what the maps mean to a packet, in the words of compile/, read afresh from FakeMaps; and what a Desired
// should look like there. Independent of the code under test: it decodes rows on its own.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "loader/compile/desired.h"
#include "tests/harness/fake_map.h"

namespace sp::test {

// Address, port, local
using BackendText = std::string;

struct ServiceView {
  std::vector<BackendText> set;   // in slot order
  std::vector<BackendText> live;  // rows in use, sorted
  std::uint32_t flags = 0;
  std::uint32_t affinity_ticks = 0;
  bool operator==(const ServiceView&) const = default;
};

struct FrontendView {
  std::string service;
  std::uint16_t flags = 0;
  int kind = 0;
  bool operator==(const FrontendView&) const = default;
};

struct MapView {
  std::map<std::string, ServiceView> services;
  std::map<compile::Frontend, FrontendView> frontends;
  std::vector<std::string> ranges;    // "service 10.0.0.0/8", sorted
  std::vector<std::string> networks;  // "pods 10.0.0.0/8", "services 10.96.0.0/12 allocated": as the table has them
  std::map<Ip, int> service_ips;
  bool operator==(const MapView&) const = default;
};

inline BackendText text_of(const compile::Backend& backend) {
  return backend.ip.text() + "#" + std::to_string(backend.port) + (backend.local ? "L" : "");
}

inline BackendText text_of(const sp_backend_val& row) {
  return text_of(compile::Backend{Ip(row.addr), __builtin_bswap16(row.port), (row.flags & SP_BACKEND_LOCAL) != 0});
}

// The set that a packet would pick from, through the slots.
inline std::vector<BackendText> set_of(const FakeMaps& maps, std::uint32_t service_id) {
  std::vector<BackendText> out;
  const sp_service_val& row = maps.services.rows()[service_id];
  for (std::uint32_t i = 0; i < row.slot_count; ++i) {
    const sp_backend_val& backend = maps.backends.rows()[maps.slots.rows()[row.slot_base + i]];
    out.push_back((backend.flags & SP_BACKEND_USED) != 0 ? text_of(backend) : "unused row");
  }
  return out;
}

inline compile::Frontend frontend_of(const sp_frontend_key& key) {
  return {Ip(key.addr), __builtin_bswap16(key.port), static_cast<Protocol>(key.proto),
          static_cast<sp_scope>(key.scope)};
}

inline std::string range_text(const std::string& service, const sp_addr& addr, unsigned prefix_bits) {
  return service + " " + Ip(addr).text() + "/" + std::to_string(prefix_bits);
}

// Empty for an entry that no address is inside.
inline std::string network_text(const char* whose, const sp_network& entry) {
  unsigned bits = 0;
  for (const __be32 word : entry.mask.w) {
    bits += static_cast<unsigned>(__builtin_popcount(word));
  }
  if (bits == 0) {
    return "";
  }
  const Ip address(entry.addr);
  return std::string(whose) + " " + address.text() + "/" +
         std::to_string(bits - (address.family() == Family::v4 ? 96 : 0)) +
         ((entry.flags & SP_NETWORK_ALLOCATED) != 0 ? " allocated" : "");
}

inline std::vector<std::string> networks_of(const sp_networks_val& row) {
  std::vector<std::string> out;
  for (const sp_network& entry : row.pods) {
    out.push_back(network_text("pods", entry));
  }
  for (const auto& family : row.services) {
    for (const sp_network& entry : family) {
      out.push_back(network_text("services", entry));
    }
  }
  std::erase(out, "");
  return out;
}

// The table has a place for each family; within one, packets go by the first range that holds an address.
inline std::vector<std::string> networks_of(const compile::Networks& networks) {
  std::vector<std::string> out;
  for (const Family family : {Family::v4, Family::v6}) {
    for (const Prefix& range : networks.pods) {
      if (range.address.family() == family) out.push_back("pods " + range.text());
    }
  }
  for (const Family family : {Family::v4, Family::v6}) {
    for (const compile::ServiceNetwork& network : networks.services) {
      if (network.range.address.family() == family)
        out.push_back("services " + network.range.text() + (network.allocated ? " allocated" : ""));
    }
  }
  return out;
}

inline MapView view_of(const FakeMaps& maps) {
  MapView view;
  for (const auto& [id, name] : maps.names.rows()) {
    ServiceView& service = view.services[name.text];
    const sp_service_val& row = maps.services.rows()[id];
    service.set = set_of(maps, id);
    service.flags = row.flags;
    service.affinity_ticks = row.affinity_ticks;
    for (const sp_backend_val& backend : maps.backends.rows()) {
      if ((backend.flags & SP_BACKEND_USED) != 0 && backend.service_id == id) {
        service.live.push_back(text_of(backend));
      }
    }
    std::sort(service.live.begin(), service.live.end());
  }
  const auto name_of = [&](std::uint32_t id) {
    const auto found = maps.names.rows().find(id);
    return found == maps.names.rows().end() ? std::string("?") : std::string(found->second.text);
  };
  for (const auto& [key, value] : maps.frontends.rows()) {
    view.frontends[frontend_of(key)] = {name_of(value.service_id), value.flags, value.kind};
  }
  for (const auto& [key, allow] : maps.ranges.rows()) {
    view.ranges.push_back(range_text(name_of(__builtin_bswap32(key.service_id)), key.addr, key.prefix_bits));
  }
  std::sort(view.ranges.begin(), view.ranges.end());
  view.networks = networks_of(maps.networks.rows().front());
  for (const auto& [address, fate] : maps.service_ips.rows()) {
    view.service_ips[Ip(address)] = static_cast<int>(fate);
  }
  return view;
}

// As view_of(maps) should be once `desired` is in force. Ranges are taken to have no host bits.
inline MapView view_of(const compile::Desired& desired) {
  MapView view;
  for (const auto& [name, row] : desired.services) {
    ServiceView& service = view.services[name];
    for (const auto& backend : row.backends) {
      service.set.push_back(text_of(backend));
    }
    for (const auto& backend : row.serving) {
      service.live.push_back(text_of(backend));
    }
    std::sort(service.live.begin(), service.live.end());
    service.flags = row.flags;
    // Rounded up, so that a timeout never ends early.
    service.affinity_ticks =
        static_cast<std::uint32_t>((row.affinity_timeout_s * 1'000'000'000ULL + (1ULL << 30) - 1) >> 30);
  }
  for (const auto& [frontend, row] : desired.frontends) {
    view.frontends[frontend] = {row.service, row.flags, row.kind};
  }
  for (const auto& [name, ranges] : desired.source_ranges) {
    for (const Prefix& range : ranges) {
      const unsigned mapped = range.address.family() == Family::v4 ? 96 : 0;
      view.ranges.push_back(range_text(name, range.address.raw(), 32 + mapped + range.bits));
    }
  }
  std::sort(view.ranges.begin(), view.ranges.end());
  view.networks = networks_of(desired.networks);
  for (const auto& [address, fate] : desired.service_ips) {
    view.service_ips[address] = fate;
  }
  return view;
}

// For failure messages.
inline std::ostream& operator<<(std::ostream& out, const MapView& view) {
  for (const auto& [name, service] : view.services) {
    out << "\n  " << name << " flags " << service.flags << " ticks " << service.affinity_ticks << " set";
    for (const auto& backend : service.set) {
      out << " " << backend;
    }
    out << " live";
    for (const auto& backend : service.live) {
      out << " " << backend;
    }
  }
  for (const auto& [frontend, row] : view.frontends) {
    out << "\n  " << frontend.ip.text() << "#" << frontend.port << " -> " << row.service << " flags " << row.flags;
  }
  for (const auto& range : view.ranges) {
    out << "\n  range " << range;
  }
  for (const auto& network : view.networks) {
    out << "\n  network " << network;
  }
  for (const auto& [address, fate] : view.service_ips) {
    out << "\n  address " << address.text() << " " << fate;
  }
  return out;
}

}  // namespace sp::test
