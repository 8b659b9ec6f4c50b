// SPDX-License-Identifier: Apache-2.0
#include "bench/node/machine.h"

#include <net/if.h>

#include <stdexcept>
#include <utility>

#include "bench/node/road.h"
#include "tests/harness/netns.h"

namespace sp::bench {

namespace {

constexpr const char* kFarSide = "far";

// A device of the machine, its peer at the far side; both up, without IPv6, whose own packets would come between.
void add_device(const test::Sandbox& sandbox, const std::string& machine, const std::string& device, MacByte mac) {
  const std::string peer = device + "-" + machine;
  sandbox.run("ip -n " + machine + " link add " + device + " address " + mac_text(mac) + " type veth peer name " +
              peer + " netns " + kFarSide + " && ip -n " + kFarSide + " link set " + peer + " up && ip -n " + machine +
              " link set " + device + " up");
}

std::uint32_t index_of(const std::string& netns, const std::string& device) {
  auto inside = test::NetnsScope::enter(netns);
  if (!inside) throw std::runtime_error(inside.error().text());
  return ::if_nametoindex(device.c_str());
}

void add_routes(const test::Sandbox& sandbox, const std::string& machine) {
  const std::string router = " lladdr " + mac_text(kRouterMac) + " nud permanent dev ext0\n";
  std::string batch = "addr add " + node_ip().text() +
                      "/24 dev ext0\n"
                      "addr add 10.244.1.1/24 dev pod0\n"
                      "neigh add 192.0.2.253" +
                      router + "neigh add 192.0.2.254" + router +
                      "route add default via 192.0.2.254\n"
                      "route add 10.244.0.0/16 via 192.0.2.253\n";
  for (std::uint32_t i = 0; i < kBackends; ++i) {
    batch += "neigh add " + backend_ip(true, i).text() + " lladdr " + mac_text(kPodMac) + " nud permanent dev pod0\n";
  }
  sandbox.run("ip -n " + machine + " -batch - <<'END'\n" + batch + "END");
}

}  // namespace

void Machine::make_far_side(test::Sandbox& sandbox) {
  sandbox.add_namespace(kFarSide);
  sandbox.run(std::string("ip netns exec ") + kFarSide + " sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
}

void Machine::poll_pods(const test::Sandbox& sandbox) const {
  sandbox.run(std::string("ip netns exec ") + kFarSide + " ethtool -K pod0-" + name_ + " gro on");
}

Machine::Machine(test::Sandbox& sandbox, Generator& generator, std::string name) : name_(std::move(name)) {
  sandbox.add_namespace(name_);
  sandbox.run("ip netns exec " + name_ +
              " sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 "
              "net.ipv4.conf.default.rp_filter=0 net.ipv4.conf.all.send_redirects=0 "
              "net.ipv4.conf.default.send_redirects=0 && ip -n " +
              name_ + " link set lo up");
  add_device(sandbox, name_, "ext0", kUplinkMac);
  add_device(sandbox, name_, "pod0", kPodDeviceMac);
  add_routes(sandbox, name_);
  uplink_ = index_of(name_, "ext0");
  pod_device_ = index_of(name_, "pod0");
  auto far = test::NetnsScope::enter(kFarSide);
  if (!far) throw std::runtime_error(far.error().text());
  generator.sink_wire(::if_nametoindex(("ext0-" + name_).c_str()));
  generator.sink_pod(::if_nametoindex(("pod0-" + name_).c_str()));
}

}  // namespace sp::bench
