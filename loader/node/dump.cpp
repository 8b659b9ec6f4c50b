// SPDX-License-Identifier: Apache-2.0
// Dumps over libnl's caches, which are used for one answer and thrown away.
#include "loader/node/dump.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netlink/addr.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/route.h>

#include <algorithm>

namespace sp::node {
namespace {

// Nothing but a consistent dump will do; the kernel marks one that was overtaken by a change.
constexpr int kDumpTries = 8;

template <typename Allocate>
Result<Dump> dump(const char* what, const Allocate& allocate) {
  int code = 0;
  for (int i = 0; i < kDumpTries; ++i) {
    nl_cache* cache = nullptr;
    code = allocate(&cache);
    if (code >= 0) return Dump(cache);
    if (code != -NLE_DUMP_INTR) break;
  }
  return netlink_error(code, std::string("list ") + what);
}

template <typename Object, typename Visit>
void for_each(const Dump& answer, const Visit& visit) {
  for (nl_object* object = nl_cache_get_first(answer.get()); object != nullptr; object = nl_cache_get_next(object)) {
    visit(reinterpret_cast<Object*>(object));
  }
}

std::string_view bytes_of(const nl_addr* address) {
  if (address == nullptr) return {};
  return {static_cast<const char*>(nl_addr_get_binary_addr(address)), nl_addr_get_len(address)};
}

// The kernel calls taps "tun", too; they alone have link headers.
std::string kind_of(rtnl_link* link) {
  const char* kind = rtnl_link_get_type(link);
  const std::string text = kind == nullptr ? "" : kind;
  return text == "tun" && rtnl_link_get_arptype(link) == ARPHRD_ETHER ? "tap" : text;
}

}  // namespace

Result<std::vector<DeviceWithAddress>> dump_devices(nl_sock* socket) {
  SP_TRY_ASSIGN(answer,
                dump("devices", [&](nl_cache** cache) { return rtnl_link_alloc_cache(socket, AF_UNSPEC, cache); }));
  std::vector<DeviceWithAddress> devices;
  for_each<rtnl_link>(answer, [&](rtnl_link* link) {
    const char* name = rtnl_link_get_name(link);
    const unsigned flags = rtnl_link_get_flags(link);
    std::int32_t peer_namespace = 0;
    const bool peer_elsewhere = rtnl_link_get_link_netnsid(link, &peer_namespace) == 0;
    const int peer = peer_elsewhere ? rtnl_link_get_link(link) : 0;
    devices.push_back(
        {{static_cast<std::uint32_t>(rtnl_link_get_ifindex(link)), name == nullptr ? "" : name, rtnl_link_get_mtu(link),
          (flags & IFF_UP) != 0 && (flags & IFF_RUNNING) != 0, kind_of(link), peer_elsewhere,
          static_cast<std::uint32_t>(rtnl_link_get_master(link)), peer_namespace, static_cast<std::uint32_t>(peer)},
         std::string(bytes_of(rtnl_link_get_addr(link)))});
  });
  return devices;
}

Result<std::vector<Address>> dump_addresses(nl_sock* socket) {
  SP_TRY_ASSIGN(answer, dump("addresses", [&](nl_cache** cache) { return rtnl_addr_alloc_cache(socket, cache); }));
  std::vector<Address> addresses;
  for_each<rtnl_addr>(answer, [&](rtnl_addr* address) {
    const auto ip = to_ip(rtnl_addr_get_local(address));
    const unsigned flags = rtnl_addr_get_flags(address);
    if (!ip || ip->is_link_local() || (flags & IFA_F_DADFAILED) != 0) return;
    addresses.push_back({*ip, static_cast<std::uint32_t>(rtnl_addr_get_ifindex(address)),
                         static_cast<unsigned>(rtnl_addr_get_prefixlen(address)), (flags & IFA_F_SECONDARY) != 0});
  });
  return addresses;
}

Result<std::vector<std::uint32_t>> dump_default_route_devices(nl_sock* socket) {
  std::vector<std::uint32_t> ifindexes;
  for (const int family : {AF_INET, AF_INET6}) {
    SP_TRY_ASSIGN(answer,
                  dump("routes", [&](nl_cache** cache) { return rtnl_route_alloc_cache(socket, family, 0, cache); }));
    for_each<rtnl_route>(answer, [&](rtnl_route* route) {
      const nl_addr* destination = rtnl_route_get_dst(route);
      const bool is_default = destination == nullptr || nl_addr_get_prefixlen(destination) == 0;
      if (!is_default || rtnl_route_get_table(route) != RT_TABLE_MAIN || rtnl_route_get_type(route) != RTN_UNICAST) {
        return;
      }
      for (int i = 0; i < rtnl_route_get_nnexthops(route); ++i) {
        const int ifindex = rtnl_route_nh_get_ifindex(rtnl_route_nexthop_n(route, i));
        if (ifindex > 0) ifindexes.push_back(static_cast<std::uint32_t>(ifindex));
      }
    });
  }
  std::vector<std::uint32_t> unique;
  for (const std::uint32_t ifindex : ifindexes) {
    if (std::find(unique.begin(), unique.end(), ifindex) == unique.end()) unique.push_back(ifindex);
  }
  return unique;
}

void visit_if_resolved(rtnl_neigh* neighbour, const NeighbourVisitor& visit) {
  // NOARP entries (multicast, tunnels) never resolve to anything else.
  constexpr int kResolved = NUD_PERMANENT | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY;
  if ((rtnl_neigh_get_state(neighbour) & kResolved) == 0 || rtnl_neigh_get_family(neighbour) == AF_BRIDGE) return;
  const auto ip = to_ip(rtnl_neigh_get_dst(neighbour));
  const std::string_view link_address = bytes_of(rtnl_neigh_get_lladdr(neighbour));
  if (ip && !link_address.empty()) {
    visit(static_cast<std::uint32_t>(rtnl_neigh_get_ifindex(neighbour)), *ip, link_address);
  }
}

Result<void> dump_neighbours(nl_sock* socket, const NeighbourVisitor& visit) {
  SP_TRY_ASSIGN(answer, dump("neighbours", [&](nl_cache** cache) { return rtnl_neigh_alloc_cache(socket, cache); }));
  for_each<rtnl_neigh>(answer, [&](rtnl_neigh* neighbour) { visit_if_resolved(neighbour, visit); });
  return {};
}

}  // namespace sp::node
