// SPDX-License-Identifier: Apache-2.0
#include "bench/dial/dialled_node.h"

#include <arpa/inet.h>

#include <algorithm>

#include "loader/kernel/map.h"
#include "maps/network.h"
#include "tests/harness/must.h"

namespace sp::bench {
namespace {

using test::must;

constexpr std::uint32_t kEndpoints = 10;  // of each Service, all of them the one server

// As the agent has them: every ClusterIP is inside a range, the addresses of Pods are not.
void set_networks(const std::filesystem::path& pin_path) {
  sp_networks_val networks{};
  const sp_network unused{{{~0U, ~0U, ~0U, ~0U}}, {}, 0, {}};
  std::fill(std::begin(networks.pods), std::end(networks.pods), unused);
  for (auto& family : networks.services) std::fill(std::begin(family), std::end(family), unused);
  const __be32 last16 = htonl(0xffff0000);
  networks.services[0][0] = {Ip::parse("10.96.0.0")->raw(), {{~0U, ~0U, ~0U, last16}}, SP_NETWORK_ALLOCATED, {}};
  networks.services[1][0] = {Ip::parse("fd00:96::")->raw(), {{~0U, ~0U, ~0U, last16}}, SP_NETWORK_ALLOCATED, {}};
  must(must(kernel::Map<__u32, sp_networks_val>::open(pin_path, "sp_networks", BPF_MAP_TYPE_ARRAY,
                                                      kernel::Access::read_write))
           .update(0, networks));
}

}  // namespace

Ip server_ip(Family family) {
  return *Ip::parse(family == Family::v4 ? "10.244.2.2" : "fd00:244:2::2");
}

// In 10.96.0.0/16 or fd00:96::/112.
Ip cluster_ip(Family family, std::uint32_t number) {
  sp_addr raw = Ip::parse(family == Family::v4 ? "10.96.0.0" : "fd00:96::").value().raw();
  raw.w[3] |= htonl(number + 1);
  return Ip(raw);
}

void lay_cables(test::Sandbox& sandbox) {
  for (const std::string name : {"client", "server"}) {
    const std::string n = name == "client" ? "1" : "2";
    sandbox.add_namespace(name);
    sandbox.run("ip link add to-" + name + " type veth peer name eth0 netns " + name + " && ip link set to-" + name +
                " up && ip addr add 10.244." + n + ".1/24 dev to-" + name + " && ip addr add fd00:244:" + n +
                "::1/64 dev to-" + name + " nodad");
    const std::string in = "ip -n " + name + " ";
    sandbox.run(in + "link set lo up && " + in + "link set eth0 up && " + in + "addr add 10.244." + n +
                ".2/24 dev eth0 && " + in + "addr add fd00:244:" + n + "::2/64 dev eth0 nodad && " + in +
                "route add default via 10.244." + n + ".1 && " + in + "route add default via fd00:244:" + n + "::1");
  }
  sandbox.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
}

DialledNode::DialledNode(const test::Sandbox& sandbox, const std::string& name, std::uint32_t services)
    : cgroup_("sp-bench-" + name),
      plane_(must(kernel::DataPlane::open({.pin_path = sandbox.bpffs() / name,
                                           .sizes = {.flows4 = 1024,
                                                     .flows6 = 1024,
                                                     .embryos4 = 1024,
                                                     .embryos6 = 1024,
                                                     .frontends = 262144,
                                                     .services = 32768,
                                                     .slots = 262144,
                                                     .backends = 262144}}))) {
  set_networks(sandbox.bpffs() / name);
  for (const Family family : {Family::v4, Family::v6}) {
    for (std::uint32_t i = 0; i < services; ++i) add_service(family, i);
  }
  must(plane_.attach_sockets(cgroup_.path()));
}

void DialledNode::add_service(Family family, std::uint32_t number) {
  const auto tables = plane_.tables();
  const std::uint32_t id = next_service_++;
  const std::uint32_t base = (id - 1) * kEndpoints;
  const std::uint16_t port = Be16::from_host(kServerPort).raw;
  for (std::uint32_t i = 0; i < kEndpoints; ++i) {
    tables.backends[base + i + 1] = {server_ip(family).raw(), port, SP_BACKEND_USED | SP_BACKEND_SELECTED, 1, id, 0};
    tables.slots[base + i] = base + i + 1;
  }
  tables.services[id] = {base, kEndpoints, 0, 0};
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    // A process of a Pod asks for one of the three; the table has them all.
    for (const sp_scope scope : {SP_SCOPE_EXTERNAL, SP_SCOPE_POD, SP_SCOPE_HOST}) {
      const sp_frontend_key key{cluster_ip(family, number).raw(), Be16::from_host(kServicePort).raw,
                                static_cast<__u8>(protocol), static_cast<__u8>(scope)};
      must(tables.frontends.update(key, {id, SP_FRONTEND_KEEP_SOURCE, SP_KIND_CLUSTER_IP}));
    }
  }
}

}  // namespace sp::bench
