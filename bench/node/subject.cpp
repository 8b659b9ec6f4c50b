// SPDX-License-Identifier: Apache-2.0
// Subjects that are not Sallyport.
#include "bench/node/subject.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <array>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "maps/flow.h"

namespace sp::bench {

namespace {

constexpr std::uint32_t kEndpointsOfOthers = 10;

Subject machine_alone(const Bed& bed, const std::string& netns, const std::string& name) {
  const Machine machine(bed.sandbox, bed.generator, netns);
  return {.name = name, .netns = netns, .uplink = machine.uplink(), .pod_device = machine.pod_device()};
}

// A tool of the machine reads `rules` in the subject's namespace.
void feed(const Bed& bed, const std::string& netns, const std::string& tool, const std::string& rules) {
  const std::filesystem::path file = std::filesystem::temp_directory_path() / ("sp-bench-" + netns + ".rules");
  std::ofstream(file) << rules;
  try {
    bed.sandbox.run("ip netns exec " + netns + " " + tool + " " + file.string());
  } catch (...) {
    std::filesystem::remove(file);
    throw;
  }
  std::filesystem::remove(file);
}

std::uint32_t conntrack_max() {
  std::uint32_t entries = 0;
  std::ifstream("/proc/sys/net/netfilter/nf_conntrack_max") >> entries;
  return entries;
}

Subject kernel_nat(const Bed& bed, const std::string& netns, const std::string& name) {
  Subject subject = machine_alone(bed, netns, name);
  // Checksums are a NIC's affair in practice, and a veth's frames come without its word.
  bed.sandbox.run("ip netns exec " + netns + " sysctl -qw net.netfilter.nf_conntrack_checksum=0");
  // Both roads share the table.
  subject.capacity = conntrack_max() / 2;
  return subject;
}

sp_flow4_key flow_key(std::uint32_t flow, std::uint16_t port) {
  sp_flow4_key key{};
  key.saddr = htonl(FIRST_CLIENT + (flow >> CLIENT_PORT_BITS));
  key.daddr = node_ip().raw().w[3];
  key.sport = htons(static_cast<std::uint16_t>(FIRST_CLIENT_PORT + flow % CLIENT_PORTS));
  key.dport = htons(port);
  key.proto = SP_PROTO_TCP;
  return key;
}

// Addresses of this node's Pods become those of Pods that no Service has.
Ip elsewhere(const Ip& ip) {
  const std::uint32_t address = ntohl(ip.raw().w[3]);
  return (address & 0xffffff00) == 0x0af40100 ? Ip::v4(htonl(address | 0xff00)) : ip;
}

std::uint32_t sum_of(std::uint32_t word) {
  return (word & 0xffff) + (word >> 16);
}

// RFC 1624: the sum of new words and the complements of old ones, folded.
std::uint16_t delta_of(std::uint32_t now, std::uint32_t was) {
  std::uint32_t delta = now + static_cast<std::uint16_t>(~sum_of(sum_of(was)));
  while (delta > 0xffff) delta = sum_of(delta);
  return static_cast<std::uint16_t>(delta);
}

// With `whole`, from the node, else from the client still. What goes to a Pod of this node has its hop yet to come.
bare4_val to_backend(const sp_flow4_key& flow, const Ip& backend, bool whole, bool hops = true) {
  bare4_val rule{};
  rule.saddr = whole ? node_ip().raw().w[3] : flow.saddr;
  rule.daddr = backend.raw().w[3];
  rule.sport = flow.sport;
  rule.dport = htons(BACKEND_PORT);
  const std::uint32_t addrs = sum_of(rule.saddr) + sum_of(rule.daddr);
  const std::uint32_t old_addrs = sum_of(flow.saddr) + sum_of(flow.daddr);
  rule.l3_delta = delta_of(addrs + htons(hops ? 0x3f00 : 0x4000), old_addrs + htons(0x4000));  // TTL 64 to 63
  rule.l4_delta = delta_of(addrs + rule.dport, old_addrs + flow.dport);
  const std::array<std::uint8_t, sizeof rule.macs> macs{2, 0, 0, 0, 0, kRouterMac, 2, 0, 0, 0, 0, kUplinkMac};
  std::memcpy(rule.macs, macs.data(), macs.size());
  return rule;
}

// Writes flows [first, end) of a road through `port` into `map`.
void write_flows(const bpf_map* map, std::uint16_t port, std::uint32_t first, std::uint32_t end,
                 const std::function<bare4_val(const sp_flow4_key& flow, std::uint32_t backend)>& rule_of) {
  for (std::uint32_t flow = first; flow < end; ++flow) {
    const sp_flow4_key key = flow_key(flow, port);
    const bare4_val rule = rule_of(key, flow % kBackends);
    const int err = bpf_map_update_elem(bpf_map__fd(map), &key, &rule, BPF_ANY);
    if (err != 0) throw std::runtime_error(std::string(bpf_map__name(map)) + ": " + std::strerror(-err));
  }
}

}  // namespace

std::vector<NatService> services_of(std::uint32_t count) {
  NatService first{
      .name = "default/web-0", .cluster_ip = *Ip::parse("10.96.0.10"), .node_port = kRemotePort, .endpoints = {}};
  NatService local{
      .name = "default/local", .cluster_ip = *Ip::parse("10.97.0.10"), .node_port = kLocalPort, .endpoints = {}};
  for (std::uint32_t i = 0; i < kBackends; ++i) {
    first.endpoints.emplace_back(backend_ip(false, i), BACKEND_PORT);
    local.endpoints.emplace_back(backend_ip(true, i), BACKEND_PORT);
  }
  auto services = services_around(first, count, kEndpointsOfOthers);
  for (NatService& service : services) {
    for (auto& [ip, port] : service.endpoints) ip = elsewhere(ip);
  }
  services.push_back(std::move(local));
  return services;
}

Subject nftables(const Bed& bed, const std::string& netns, const std::string& name, std::uint32_t services,
                 bool keeps_client) {
  Subject subject = kernel_nat(bed, netns, name);
  auto wanted = services_of(services);
  wanted.back().keeps_client = keeps_client;
  feed(bed, netns, "nft -f", nftables_of(wanted, {node_ip()}));
  subject.has_remote = !keeps_client;
  return subject;
}

Subject iptables(const Bed& bed) {
  Subject subject = kernel_nat(bed, "ipt", "iptables");
  feed(bed, subject.netns, "iptables-restore --noflush", iptables_of(services_of(1)));
  return subject;
}

Subject bare_redirect(const Bed& bed) {
  Subject subject = machine_alone(bed, "bare", "bare redirect");
  bed.generator.bpf().bss->bare_rule = to_backend(flow_key(0, kRemotePort), backend_ip(false, 0), false);
  subject.way = LEAVE_TO_PROGRAM;
  subject.program_fd = bpf_program__fd(bed.generator.bpf().progs.bare_redirect);
  subject.has_local = false;
  subject.knows_all = true;
  return subject;
}

Subject bare_lookup(const Bed& bed) {
  Subject subject = machine_alone(bed, "lookup", "bare redirect, one lookup");
  subject.way = LEAVE_TO_PROGRAM;
  subject.program_fd = bpf_program__fd(bed.generator.bpf().progs.bare_lookup);
  subject.has_local = false;
  subject.learn = [map = bed.generator.bpf().maps.bare_flows](std::uint32_t first, std::uint32_t end) {
    write_flows(map, kRemotePort, first, end, [](const sp_flow4_key& flow, std::uint32_t number) {
      return to_backend(flow, backend_ip(false, number), true);
    });
  };
  return subject;
}

Subject bare_to_stack(const Bed& bed) {
  Subject subject = machine_alone(bed, "tostack", "bare rewrite, one lookup, stack");
  subject.way = LEAVE_TO_PROGRAM;
  subject.program_fd = bpf_program__fd(bed.generator.bpf().progs.bare_to_stack);
  subject.has_remote = false;
  subject.capacity = MAX_LOCAL_FLOWS;
  subject.learn = [map = bed.generator.bpf().maps.bare_local_flows](std::uint32_t first, std::uint32_t end) {
    write_flows(map, kLocalPort, first, end, [](const sp_flow4_key& flow, std::uint32_t number) {
      return to_backend(flow, backend_ip(true, number), false, false);
    });
  };
  return subject;
}

Subject forwarding(const Bed& bed) {
  Subject subject = machine_alone(bed, "forward", "stack, forwarding alone");
  subject.knows_all = true;
  subject.remote.is_direct = subject.local.is_direct = true;
  return subject;
}

}  // namespace sp::bench
