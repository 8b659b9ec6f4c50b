// SPDX-License-Identifier: Apache-2.0
// Sallyport as the agent sets it up: maps, devices, programs; without the agent.
#include <bpf/bpf.h>
#include <linux/if_link.h>

#include <stdexcept>

#include "bench/node/subject.h"
#include "loader/kernel/data_plane.h"
#include "loader/kernel/pin.h"
#include "loader/kernel/pinned_object.h"
#include "tests/harness/must.h"
#include "tests/harness/netns.h"

namespace sp::bench {

namespace {

using test::must;

struct Node {
  std::filesystem::path pin_path;
  kernel::DataPlane plane;
  Fd program;  // sp_xdp
};

bool is_local(const Ip& ip) {
  return Prefix::parse("10.244.1.0/24")->contains(ip);
}

void add_services(kernel::DataPlane& plane, const std::vector<NatService>& services) {
  const auto tables = plane.tables();
  std::uint32_t id = 0;
  std::uint32_t slot = 0;
  for (const NatService& service : services) {
    tables.services[++id] = {slot, static_cast<std::uint32_t>(service.endpoints.size()), 0, 0};
    for (const auto& [ip, port] : service.endpoints) {
      const auto flags = SP_BACKEND_USED | SP_BACKEND_SELECTED | (is_local(ip) ? SP_BACKEND_LOCAL : 0U);
      tables.backends[slot + 1] = {ip.raw(), Be16::from_host(port).raw, static_cast<__u16>(flags), 1, id, 0};
      tables.slots[slot] = slot + 1;
      ++slot;
    }
    if (service.node_port == 0) continue;
    const sp_frontend_key key{node_ip().raw(), Be16::from_host(service.node_port).raw, SP_PROTO_TCP, SP_SCOPE_EXTERNAL};
    must(tables.frontends.update(key, {id, SP_FRONTEND_NODE_ADDR, SP_KIND_NODE_PORT}));
  }
}

void set_devices(kernel::DataPlane& plane, const Machine& machine, Delivery delivery) {
  sp_device_val uplink{};
  uplink.snat4 = node_ip().raw();
  uplink.flags = SP_DEVICE_XDP_TX | SP_DEVICE_HAS_SNAT4;
  uplink.mtu = 1500;
  must(plane.set_device(machine.uplink(), uplink));
  sp_device_val pods{};
  pods.snat4 = Ip::parse("10.244.1.1")->raw();
  pods.flags = SP_DEVICE_PODS | SP_DEVICE_HAS_SNAT4;
  if (delivery != Delivery::stack) pods.flags |= SP_DEVICE_PEER;
  if (delivery == Delivery::xdp) pods.flags |= SP_DEVICE_XDP_TX;
  pods.mtu = 1500;
  must(plane.set_device(machine.pod_device(), pods));
}

// As the agent's own defaults are.
void set_config(sp_config_val& config) {
  config.timeouts = {86400, 3600, 120, 10, 120};
  config.snat_ports[0] = {1024, 29999};
  config.snat_ports[1] = {61000, 65535};
}

// The program that attach() has put on the uplink.
Fd attached_program(const Node& node, std::uint32_t ifindex) {
  const auto pin = must(kernel::open_pin(kernel::link_pin(node.pin_path, SP_PROG_XDP, ifindex)));
  if (!pin) throw std::runtime_error("no XDP program on the uplink");
  Fd program(bpf_prog_get_fd_by_id(pin->program_id));
  if (!program.valid()) throw std::runtime_error("bpf_prog_get_fd_by_id");
  return program;
}

void attach(Node& node, const Machine& machine, Mode mode) {
  must(node.plane.attach_pods(machine.pod_device(), "pod0"));
  if (mode == Mode::tc) {
    must(node.plane.attach_pods(machine.uplink(), "ext0"));
    return;
  }
  const auto attachment = must(node.plane.attach(machine.uplink(), "ext0"));
  if (attachment.mode != kernel::XdpMode::native) throw std::runtime_error("ext0: no native XDP");
  node.program = attached_program(node, machine.uplink());
  if (mode == Mode::native) return;
  // attach() takes the better mode, which a veth has.
  const auto link = must(kernel::open_pin(kernel::link_pin(node.pin_path, SP_PROG_XDP, machine.uplink())));
  must(kernel::withdraw_link(*link));
  const int err = bpf_xdp_attach(static_cast<int>(machine.uplink()), node.program.get(), XDP_FLAGS_SKB_MODE, nullptr);
  if (err != 0) throw std::runtime_error("ext0: no generic XDP");
}

}  // namespace

Subject sallyport(const Bed& bed, const Setup& setup) {
  const Machine machine(bed.sandbox, bed.generator, setup.netns);
  auto inside = test::NetnsScope::enter(setup.netns);
  if (!inside) throw std::runtime_error(inside.error().text());
  const auto pin_path = bed.sandbox.bpffs() / setup.netns;
  kernel::DataPlaneOptions options{.pin_path = pin_path, .sizes = {.flows4 = setup.flow_entries}};
  options.local_delivery = setup.delivery != Delivery::stack;
  auto node = std::make_shared<Node>(Node{pin_path, must(kernel::DataPlane::open(options)), {}});
  add_services(node->plane, services_of(setup.services));
  set_devices(node->plane, machine, setup.delivery);
  if (setup.delivery == Delivery::xdp) machine.poll_pods(bed.sandbox);
  set_config(node->plane.config());
  attach(*node, machine, setup.mode);
  Subject subject{.name = setup.name,
                  .netns = setup.netns,
                  .uplink = machine.uplink(),
                  .pod_device = machine.pod_device(),
                  .way = setup.mode == Mode::native ? LEAVE_TO_PROGRAM : LEAVE_TO_STACK,
                  .program_fd = node->program.get()};
  // A connection has two entries.
  subject.capacity = setup.flow_entries / 2;
  // What differs is the way to Pods.
  subject.has_remote = setup.delivery == Delivery::stack;
  subject.keeps = node;
  return subject;
}

}  // namespace sp::bench
