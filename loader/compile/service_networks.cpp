// SPDX-License-Identifier: Apache-2.0
// ServiceNetworks: ServiceCIDRs as they are, and what is around the ClusterIPs that lie elsewhere.
#include "loader/compile/service_networks.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <iterator>
#include <string_view>
#include <utility>

#include "maps/limits.h"

namespace sp::compile {
namespace {

// The last entries of each family are for what is around ClusterIPs that lie elsewhere.
constexpr std::ptrdiff_t kMaxAllocated = SP_MAX_SERVICE_NETS - 2;
constexpr unsigned kMappedBits = 96;  // ::ffff:0:0/96 before an IPv4 address

std::size_t slot(const Ip& ip) {
  return static_cast<std::size_t>(ip.family());
}

bool any_contains(const std::vector<Prefix>& ranges, const Ip& ip) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Prefix& range) { return range.contains(ip); });
}

// The smallest range that two addresses of one family lie in.
Prefix range_around(const Ip& a, const Ip& b) {
  unsigned same = 0;
  for (unsigned word = 0; word < 4; ++word) {
    const std::uint32_t differ = __builtin_bswap32(a.raw().w[word] ^ b.raw().w[word]);
    same += static_cast<unsigned>(std::countl_zero(differ));
    if (differ != 0) {
      break;
    }
  }
  return Prefix{a, same - (a.family() == Family::v4 ? kMappedBits : 0)}.network();
}

// A range around all of `ips`, which are of one family; two where one would be the whole family.
void add_ranges_around(const std::set<Ip>& ips, std::vector<ServiceNetwork>& out) {
  if (ips.empty()) {
    return;
  }
  const Prefix all = range_around(*ips.begin(), *ips.rbegin());
  if (all.bits != 0) {
    out.push_back({all, false});
    return;
  }
  sp_addr middle = all.address.raw();
  middle.w[all.address.family() == Family::v4 ? 3 : 0] |= __builtin_bswap32(1U << 31);
  const auto upper = ips.lower_bound(Ip(middle));
  out.push_back({range_around(*ips.begin(), *std::prev(upper)), false});
  out.push_back({range_around(*upper, *ips.rbegin()), false});
}

// A range of a ServiceCIDR.
struct Source {
  Prefix range;
  std::string object;

  auto operator<=>(const Source&) const = default;
};

// Every range that is not inside another; of equal ones the first. Wider ones come first, then by address.
std::vector<Source> widest(const model::Cluster& cluster) {
  std::vector<Source> all;
  for (const auto& [key, object] : cluster.service_cidrs) {
    for (const Prefix& range : object.cidrs) {
      all.push_back({range.network(), key.text()});
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const Source& a, const Source& b) {
    return std::pair(a.range.bits, a.range.address) < std::pair(b.range.bits, b.range.address);
  });
  std::vector<Source> out;
  for (Source& source : all) {
    const bool inside = std::any_of(out.begin(), out.end(),
                                    [&](const Source& wider) { return wider.range.contains(source.range.address); });
    if (!inside) {
      out.push_back(std::move(source));
    }
  }
  return out;
}

}  // namespace

std::size_t ServiceNetworks::IpHash::operator()(const Ip& ip) const {
  const sp_addr& raw = ip.raw();
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(&raw), sizeof raw});
}

void ServiceNetworks::follow_cidrs(const model::Cluster& cluster, ProblemList& problems) {
  std::vector<Problem> now;
  allocated_.clear();
  std::array<std::ptrdiff_t, 2> taken{};
  for (const Source& source : widest(cluster)) {
    if (taken[slot(source.range.address)]++ < kMaxAllocated) {
      allocated_.push_back(source.range);
    } else {
      now.push_back(
          {"ServiceCIDR " + source.object,
           "spec.cidrs: " + source.range.text() + " is beyond the " + std::to_string(kMaxAllocated) +
               " widest ranges of its family: packets to addresses in it that no Service has are not dropped"});
    }
  }
  std::sort(allocated_.begin(), allocated_.end());
  problems.replace(problems_, now);
  problems_ = std::move(now);
  elsewhere_ = {};
  for (const auto& [ip, users] : users_) {
    if (!is_allocated(ip)) {
      elsewhere_[slot(ip)].insert(ip);
    }
  }
}

bool ServiceNetworks::is_allocated(const Ip& ip) const {
  return any_contains(allocated_, ip);
}

void ServiceNetworks::count(const ClusterIps& ips, std::int32_t by) {
  for (const Ip& ip : ips.ips) {
    const auto found = users_.try_emplace(ip).first;
    Users& users = found->second;
    (ips.foreign ? users.foreign : users.ours) += by;
    touched_.insert(ip);
    if (users.ours == 0 && users.foreign == 0) {
      users_.erase(found);
      elsewhere_[slot(ip)].erase(ip);
    } else if (!is_allocated(ip)) {
      elsewhere_[slot(ip)].insert(ip);
    }
  }
}

std::vector<ServiceNetwork> ServiceNetworks::ranges() const {
  std::vector<ServiceNetwork> out;
  for (const Prefix& range : allocated_) {
    out.push_back({range, true});
  }
  for (const auto& ips : elsewhere_) {
    add_ranges_around(ips, out);
  }
  return out;
}

// An address of the node is the stack's affair, whoever else has it. What another proxy serves is left alone, too.
std::optional<sp_service_ip> ServiceNetworks::fate_of(const Ip& ip, const std::vector<ServiceNetwork>& ranges) const {
  if (std::binary_search(node_addresses_.begin(), node_addresses_.end(), ip)) {
    const bool inside =
        std::any_of(ranges.begin(), ranges.end(), [&](const ServiceNetwork& net) { return net.range.contains(ip); });
    return inside ? std::optional(SP_SERVICE_IP_PASS) : std::nullopt;
  }
  const auto users = users_.find(ip);
  if (users == users_.end()) {
    return std::nullopt;
  }
  return users->second.ours != 0 ? SP_SERVICE_IP_REJECT : SP_SERVICE_IP_PASS;
}

void ServiceNetworks::publish(Desired& desired, Delta& delta) {
  std::vector<ServiceNetwork> now = ranges();
  if (now != desired.networks.services) {
    desired.networks.services = std::move(now);
    delta.networks = true;
    touched_.insert(node_addresses_.begin(), node_addresses_.end());
  }
  for (const Ip& ip : touched_) {
    const auto fate = fate_of(ip, desired.networks.services);
    const auto known = desired.service_ips.find(ip);
    const bool exists = known != desired.service_ips.end();
    if (fate ? exists && known->second == *fate : !exists) {
      continue;
    }
    delta.service_ips.push_back(ip);
    if (fate) {
      desired.service_ips.insert_or_assign(ip, *fate);
    } else {
      desired.service_ips.erase(known);
    }
  }
  touched_.clear();
}

}  // namespace sp::compile
