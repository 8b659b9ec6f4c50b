// SPDX-License-Identifier: Apache-2.0
#include "testbed.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "maps/device.h"
#include "maps/filter.h"
#include "maps/flow.h"

namespace sp::test {
namespace {

constexpr std::uint32_t kTableSize = 4096;

Ip ip(const char* text) {
  return *Ip::parse(text);
}

void must(int ret, const std::string& what) {
  if (ret < 0) throw std::runtime_error(what + ": " + std::strerror(-ret));
}

void put(bpf_map* map, const void* key, const void* value) {
  must(bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY), bpf_map__name(map));
}

template <typename K>
std::size_t empty(bpf_map* map) {
  K key;
  std::size_t count = 0;
  const int fd = bpf_map__fd(map);
  while (bpf_map_get_next_key(fd, nullptr, &key) == 0) {
    if (bpf_map_delete_elem(fd, &key) != 0) break;
    ++count;
  }
  return count;
}

// No pins: a test must not see another one's maps.
sallyport_bpf* load(const std::function<void(bpf_map*)>& resize, Switches switches) {
  sallyport_bpf* bpf = sallyport_bpf::open();
  if (bpf == nullptr) throw std::runtime_error("skeleton: open");
  bpf->rodata->sp_cfg_local_delivery = switches.local_delivery;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, bpf->obj) {
    bpf_map__set_pin_path(map, nullptr);
    resize(map);
  }
  must(sallyport_bpf::load(bpf), "skeleton: load (root is needed)");
  return bpf;
}

// The addresses whose first `bits` bits are those of `prefix`.
sp_network network(const Ip& prefix, unsigned bits, std::uint32_t flags) {
  sp_network out{};
  const unsigned all = bits + (prefix.family() == Family::v4 ? 96 : 0);
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned ones = std::clamp(all, 32 * i, 32 * i + 32) - 32 * i;
    out.mask.w[i] = __builtin_bswap32(static_cast<std::uint32_t>(~0ULL << (32 - ones)));
    out.addr.w[i] = prefix.raw().w[i] & out.mask.w[i];
  }
  out.flags = flags;
  return out;
}

sp_config_val default_config() {
  sp_config_val config{};
  config.abi_version = SP_ABI_VERSION;
  config.epochs = {.route = 1, .backend = 1};
  config.timeouts = {.tcp_established_ticks = 80000,
                     .tcp_close_wait_ticks = 3000,
                     .tcp_time_wait_ticks = 100,
                     .tcp_close_ticks = 10,
                     .udp_stream_ticks = 160};
  config.snat_ports[0] = {1024, 29999};
  config.snat_ports[1] = {61000, 65535};
  return config;
}

}  // namespace

Plan plan(Family family) {
  if (family == Family::v4)
    return {family,
            ip("192.0.2.1"),
            ip("203.0.113.1"),
            ip("10.13.242.236"),
            ip("198.51.100.7"),
            ip("10.244.1.11"),
            ip("10.244.2.11"),
            ip("10.244.3.11"),
            ip("10.244.4.11"),
            ip("10.99.0.1"),
            ip("10.244.1.1"),
            ip("10.244.1.12")};
  return {family,
          ip("2001:db8:1::1"),
          ip("2001:db8:3::1"),
          ip("2001:db8:f::236"),
          ip("2001:db8:c::7"),
          ip("fd00:10:244:1::11"),
          ip("fd00:10:244:2::11"),
          ip("fd00:10:244:3::11"),
          ip("fd00:10:244:4::11"),
          ip("fd00:99::1"),
          ip("fd00:10:244:1::1"),
          ip("fd00:10:244:1::12")};
}

void small_table(bpf_map* map) {
  // The number of its rows is part of its hash.
  if (std::string_view(bpf_map__name(map)) == "sp_filter") return;
  if (bpf_map__type(map) != BPF_MAP_TYPE_RINGBUF && bpf_map__max_entries(map) > kTableSize)
    bpf_map__set_max_entries(map, kTableSize);
}

Testbed::Testbed(const std::function<void(bpf_map*)>& resize, Switches switches) {
  sandbox_.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
  ext0_ = sandbox_.add_veth("ext0", "ext0p");
  ext1_ = sandbox_.add_veth("ext1", "ext1p");
  sandbox_.run(
      "ip link set ext0 address 02:00:00:00:00:01 && ip link set ext1 address 02:00:00:00:00:11 && "
      "ip addr add 192.0.2.1/24 dev ext0 && ip addr add 203.0.113.1/24 dev ext1 && "
      "ip addr add 2001:db8:1::1/64 dev ext0 nodad && ip addr add 2001:db8:3::1/64 dev ext1 nodad && "
      "ip neigh add 192.0.2.254 lladdr 02:00:00:00:00:fe nud permanent dev ext0 && "
      "ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 nud permanent dev ext0 && "
      "ip neigh add 203.0.113.2 lladdr 02:00:00:00:00:03 nud permanent dev ext1 && "
      "ip neigh add 2001:db8:1::fe lladdr 02:00:00:00:00:fe nud permanent dev ext0 && "
      "ip neigh add 2001:db8:1::2 lladdr 02:00:00:00:00:02 nud permanent dev ext0 && "
      "ip neigh add 2001:db8:3::2 lladdr 02:00:00:00:00:03 nud permanent dev ext1 && "
      "ip route add 198.51.100.0/24 via 192.0.2.254 && ip route add 10.244.2.0/24 via 192.0.2.2 && "
      "ip route add 10.244.3.0/24 via 203.0.113.2 && ip route add 10.244.4.0/24 via 192.0.2.4 && "
      "ip route add 2001:db8:c::/64 via 2001:db8:1::fe && ip route add fd00:10:244:2::/64 via 2001:db8:1::2 && "
      "ip route add fd00:10:244:3::/64 via 2001:db8:3::2 && ip route add fd00:10:244:4::/64 via 2001:db8:1::4");
  pod0_ = sandbox_.add_veth("pod0", "pod0p");
  sandbox_.run(
      "ip link set pod0 address 02:00:00:00:00:21 && "
      "ip addr add 10.244.1.1/24 dev pod0 && ip addr add fd00:10:244:1::1/64 dev pod0 nodad && "
      "ip neigh add 10.244.1.11 lladdr 02:00:00:00:00:0a nud permanent dev pod0 && "
      "ip neigh add 10.244.1.12 lladdr 02:00:00:00:00:0b nud permanent dev pod0 && "
      "ip neigh add fd00:10:244:1::11 lladdr 02:00:00:00:00:0a nud permanent dev pod0 && "
      "ip neigh add fd00:10:244:1::12 lladdr 02:00:00:00:00:0b nud permanent dev pod0");
  bpf_.reset(load(resize, switches));
  clear();
}

void Testbed::clear() {
  empty<sp_flow4_key>(bpf_->maps.sp_flows4);
  empty<sp_flow6_key>(bpf_->maps.sp_flows6);
  empty<sp_flow4_key>(bpf_->maps.sp_embryos4);
  empty<sp_flow6_key>(bpf_->maps.sp_embryos6);
  empty<sp_frontend_key>(bpf_->maps.sp_frontends);
  empty<sp_affinity_key>(bpf_->maps.sp_affinity);
  empty<sp_source_range_key>(bpf_->maps.sp_source_range);
  set_config(default_config());
  for (const std::uint32_t ifindex : {ext0_, ext1_}) {
    set_device(ifindex, SP_DEVICE_XDP_TX | SP_DEVICE_HAS_SNAT4 | SP_DEVICE_HAS_SNAT6);
    put(bpf_->maps.sp_tx_ports, &ifindex, &ifindex);
  }
  set_device(pod0_, SP_DEVICE_PODS | SP_DEVICE_HAS_SNAT4 | SP_DEVICE_HAS_SNAT6);
  empty<sp_addr>(bpf_->maps.sp_service_ips);
  networks_ = {};
  service_networks_ = {};
  write_networks();
  next_service_ = 1;
  next_backend_ = 1;
  next_slot_ = 0;
  last_counters_ = read_counters();
}

Testbed::Service Testbed::add_service(const std::vector<std::pair<Ip, std::uint16_t>>& backends, std::uint32_t flags) {
  Service service{next_service_++, {}};
  const sp_service_val row{next_slot_, static_cast<std::uint32_t>(backends.size()), flags, 100};
  for (const auto& [address, port] : backends) {
    const bool local = address == plan(address.family()).local_pod;
    sp_backend_val backend{};
    backend.addr = address.raw();
    backend.port = Be16::from_host(port).raw;
    backend.flags = static_cast<std::uint16_t>(SP_BACKEND_USED | SP_BACKEND_SELECTED | (local ? SP_BACKEND_LOCAL : 0));
    backend.generation = 1;
    backend.service_id = service.id;
    set_backend(next_backend_, backend);
    // Array rows are read and written at the map's value size.
    const std::uint64_t slot = next_backend_;
    put(bpf_->maps.sp_slots, &next_slot_, &slot);
    service.backends.push_back(next_backend_++);
    ++next_slot_;
  }
  set_service(service.id, row);
  const std::uint64_t cursor = 0;
  put(bpf_->maps.sp_cursors, &service.id, &cursor);
  return service;
}

void Testbed::add_frontend(const Ip& address, std::uint16_t port, Protocol protocol, const Service& service,
                           std::uint16_t flags, sp_scope scope) {
  const sp_frontend_key key{address.raw(), Be16::from_host(port).raw, static_cast<std::uint8_t>(protocol), scope};
  const sp_frontend_val value{service.id, flags, SP_KIND_NODE_PORT};
  const sp_addr& to = key.addr;
  const std::uint32_t bit = sp_filter_bit(to.w[0], to.w[1], to.w[2], to.w[3], key.port, key.proto), word = bit / 64;
  std::uint64_t bits = 0;
  must(bpf_map_lookup_elem(bpf_map__fd(bpf_->maps.sp_filter), &word, &bits), "sp_filter");
  bits |= std::uint64_t{1} << bit % 64;
  put(bpf_->maps.sp_filter, &word, &bits);
  put(bpf_->maps.sp_frontends, &key, &value);
}

void Testbed::set_backend(std::uint32_t id, const sp_backend_val& row) {
  put(bpf_->maps.sp_backends, &id, &row);
  sp_config_val changed = config();
  changed.epochs.backend++;
  set_config(changed);
}

sp_backend_val Testbed::backend(std::uint32_t id) {
  sp_backend_val row{};
  must(bpf_map_lookup_elem(bpf_map__fd(bpf_->maps.sp_backends), &id, &row), "sp_backends");
  return row;
}

void Testbed::set_service(std::uint32_t id, const sp_service_val& row) {
  put(bpf_->maps.sp_services, &id, &row);
}

void Testbed::set_config(const sp_config_val& config) {
  const std::uint32_t zero = 0;
  put(bpf_->maps.sp_config, &zero, &config);
}

sp_config_val Testbed::config() {
  const std::uint32_t zero = 0;
  sp_config_val row{};
  must(bpf_map_lookup_elem(bpf_map__fd(bpf_->maps.sp_config), &zero, &row), "sp_config");
  return row;
}

void Testbed::set_device(std::uint32_t ifindex, std::uint32_t flags) {
  const auto address = [&](const Plan& at) {
    return ifindex == pod0_ ? at.gateway : ifindex == ext0_ ? at.node : at.node_ext1;
  };
  sp_device_val device{};
  device.snat4 = address(plan(Family::v4)).raw();
  device.snat6 = address(plan(Family::v6)).raw();
  device.flags = flags;
  device.mtu = 1500;
  put(bpf_->maps.sp_devices, &ifindex, &device);
}

void Testbed::remove_device(std::uint32_t ifindex) {
  must(bpf_map_delete_elem(bpf_map__fd(bpf_->maps.sp_devices), &ifindex), "sp_devices");
}

void Testbed::write_networks() {
  const std::uint32_t zero = 0;
  put(bpf_->maps.sp_networks, &zero, &networks_);
}

void Testbed::set_pod_network(const Ip& prefix, unsigned bits) {
  networks_.pods[prefix.family() == Family::v6] = network(prefix, bits, 0);
  write_networks();
}

void Testbed::add_service_network(const Ip& prefix, unsigned bits, std::uint32_t flags) {
  const std::size_t family = prefix.family() == Family::v6;
  networks_.services[family][service_networks_.at(family)++] = network(prefix, bits, flags);
  write_networks();
}

void Testbed::add_service_ip(const Ip& address, sp_service_ip what) {
  const std::uint32_t value = what;
  put(bpf_->maps.sp_service_ips, &address.raw(), &value);
}

std::string family_name(const ::testing::TestParamInfo<Family>& info) {
  return info.param == Family::v4 ? "IPv4" : "IPv6";
}

Packet PacketTest::from_client(const Ip& dst, std::uint16_t port, Protocol protocol) const {
  Packet packet;
  packet.src = at.client;
  packet.dst = dst;
  packet.protocol = protocol;
  packet.sport = 40000;
  packet.dport = port;
  return packet;
}

Testbed& testbed(Switches switches) {
  static Testbed bed(small_table, switches);
  return bed;
}

}  // namespace sp::test
