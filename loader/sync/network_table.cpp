// SPDX-License-Identifier: Apache-2.0
// NetworkTable: addresses written in batches; entries of networks stored one by one, unused while they change.
#include "loader/sync/network_table.h"

#include <array>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>

#include "loader/sync/stores.h"

namespace sp::sync {
namespace {

sp_network entry_of(const Prefix& range, bool allocated) {
  sp_network entry{};
  entry.addr = range.network().address.raw();
  entry.mask = range.mask();
  entry.flags = allocated ? SP_NETWORK_ALLOCATED : 0;
  return entry;
}

// True if the entry was another one.
bool put_entry(sp_network& entry, const sp_network& wanted, Family family) {
  if (std::memcmp(&entry, &wanted, sizeof entry) == 0) {
    return false;
  }
  store_network(entry, wanted, family);
  return true;
}

}  // namespace

// Those that exempt an address come first: should there be no room for all, a Service lacks a refusal, and not the
// node an address.
void NetworkTable::put_service_ips(Pass& pass) {
  Puts batch = puts(pass);
  for (const sp_service_ip turn : {SP_SERVICE_IP_PASS, SP_SERVICE_IP_REJECT}) {
    auto known = service_ips_.begin();
    for (const auto& [ip, fate] : pass.desired.service_ips) {
      if (fate != turn) {
        continue;
      }
      while (known != service_ips_.end() && known->first < ip) {
        ++known;
      }
      put({known, known != service_ips_.end() && known->first == ip, ip, fate}, batch);
    }
    batch.flush();
  }
}

void NetworkTable::put_service_ip(const Ip& ip, Pass& pass) {
  if (const auto wanted = pass.desired.service_ips.find(ip); wanted != pass.desired.service_ips.end()) {
    const auto known = service_ips_.lower_bound(ip);
    Puts batch = puts(pass);
    put({known, known != service_ips_.end() && known->first == ip, ip, wanted->second}, batch);
    batch.flush();
  }
}

void NetworkTable::put(const Put& put, Puts& puts) {
  if (!put.is_known || put.known->second != put.fate) {
    puts.add(put.ip.raw(), put.fate, put);
  }
}

NetworkTable::Puts NetworkTable::puts(Pass& pass) {
  return {tables_.service_ips,
          [this, &pass](const Put& put) {
            ++pass.report.service_ips_written;
            if (put.is_known) {
              put.known->second = put.fate;
            } else {
              service_ips_.emplace_hint(put.known, put.ip, put.fate);
            }
          },
          [&pass](const Put& put, const Error& error) {
            pass.report.problems.push_back("address " + put.ip.text() + " is not in force: " + error.text() +
                                           (put.fate == SP_SERVICE_IP_PASS
                                                ? ": packets to this address of the node may be dropped"
                                                : ": packets to ports that its Service lacks are not refused"));
            pass.pending.service_ips.insert(put.ip);
          }};
}

void NetworkTable::erase_service_ips(Pass& pass) {
  auto wanted = pass.desired.service_ips.begin();
  for (auto it = service_ips_.begin(); it != service_ips_.end();) {
    while (wanted != pass.desired.service_ips.end() && wanted->first < it->first) {
      ++wanted;
    }
    const bool is_wanted = wanted != pass.desired.service_ips.end() && wanted->first == it->first;
    it = is_wanted ? std::next(it) : erase(it, pass);
  }
}

void NetworkTable::erase_service_ip_if_missing(const Ip& ip, Pass& pass) {
  const auto found = service_ips_.find(ip);
  if (found != service_ips_.end() && !pass.desired.service_ips.contains(ip)) {
    static_cast<void>(erase(found, pass));
  }
}

NetworkTable::ServiceIps::iterator NetworkTable::erase(ServiceIps::iterator address, Pass& pass) {
  const Ip& ip = address->first;
  if (auto done = tables_.service_ips.erase(ip.raw()); !done) {
    pass.report.problems.push_back("address " + ip.text() + " is not erased: " + done.error().text());
    pass.pending.service_ips.insert(ip);
    return std::next(address);
  }
  ++pass.report.service_ips_erased;
  return service_ips_.erase(address);
}

void NetworkTable::put_networks(Pass& pass) {
  for (const Family family : {Family::v4, Family::v6}) {
    put_networks_of(family, pass);
  }
}

void NetworkTable::put_networks_of(Family family, Pass& pass) {
  const auto slot = static_cast<std::size_t>(family);
  std::optional<sp_network> pods;
  for (const Prefix& range : pass.desired.networks.pods) {
    if (range.address.family() == family) {
      pods = entry_of(range, false);
    }
  }
  if (pods || pass.may_delete) {
    const sp_network wanted = pods.value_or(sp_network{});
    pass.report.networks_written += put_entry(tables_.networks.pods[slot], wanted, family) ? 1 : 0;
  }
  if (!pass.may_delete) {
    return;
  }
  std::array<sp_network, SP_MAX_SERVICE_NETS> services{};
  std::size_t used = 0;
  for (const compile::ServiceNetwork& network : pass.desired.networks.services) {
    if (network.range.address.family() != family) {
      continue;
    }
    if (used == services.size()) {
      pass.report.problems.push_back("service network " + network.range.text() +
                                     " is not in force: map sp_networks: full (" + std::to_string(used) +
                                     " ranges of each family)");
      continue;
    }
    services[used++] = entry_of(network.range, network.allocated);
  }
  for (std::size_t i = 0; i < services.size(); ++i) {
    pass.report.networks_written += put_entry(tables_.networks.services[slot][i], services[i], family) ? 1 : 0;
  }
}

}  // namespace sp::sync
