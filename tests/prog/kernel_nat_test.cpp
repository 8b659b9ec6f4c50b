// SPDX-License-Identifier: Apache-2.0
// The rules that benchmarks compare with, in the kernel: both tools take them, and connections pass. Needs root.
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <tuple>

#include "bench/kernel_nat/rules.h"
#include "tests/harness/netns.h"
#include "tests/harness/sandbox.h"
#include "tests/harness/sockets.h"

namespace sp::bench {
namespace {

using test::Endpoint;
using test::Transport;

struct Network {
  const char* node;  // where the client meets it
  const char* client;
  const char* pod;
  const char* cluster_ip;
  const char* nft_family;
  const char* iptables;
};
constexpr Network kNetworks[] = {
    {"192.0.2.1", "192.0.2.2", "10.244.1.2", "10.96.0.10", "ip", "iptables"},
    {"2001:db8::1", "2001:db8::2", "fd00:244:1::2", "fd00:96::a", "ip6", "ip6tables"},
};

// client -- node -- pod, the sandbox being the node.
void lay_cables(test::Sandbox& box) {
  box.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
  for (const auto& [name, v4, v6] :
       {std::tuple{"client", "192.0.2.", "2001:db8::"}, {"pod", "10.244.1.", "fd00:244:1::"}}) {
    box.add_namespace(name);
    const std::string in = std::string("ip -n ") + name + " ";
    const std::string to = std::string("to-") + name;
    box.run("ip link add " + to + " type veth peer name eth0 netns " + name + " && ip link set " + to + " up && " + in +
            "link set lo up && " + in + "link set eth0 up");
    for (const auto& [prefix, bits, flags] : {std::tuple{v4, "/24", ""}, {v6, "/64", " nodad"}}) {
      box.run("ip addr add " + std::string(prefix) + "1" + bits + " dev " + to + flags + " && " + in + "addr add " +
              prefix + "2" + bits + " dev eth0" + flags + " && " + in + "route add default via " + prefix + "1");
    }
  }
}

Fd open_at(const char* place, const Endpoint& endpoint) {
  auto fd = test::open_socket(place, Transport::tcp, endpoint);
  if (!fd) throw std::runtime_error(fd.error().text());
  return std::move(*fd);
}

test::SocketAddress address(const Endpoint& endpoint) {
  return *test::SocketAddress::from(endpoint);
}

// Whom the Pod sees when the client connects to `to`; empty when no connection comes.
std::string seen_client(const Network& at, const Endpoint& to) {
  const Fd server = open_at("pod", {at.pod, 8080});
  const int on = 1;
  ::setsockopt(server.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto here = address({at.pod, 8080});
  EXPECT_EQ(::bind(server.get(), here.raw(), here.length), 0);
  EXPECT_EQ(::listen(server.get(), 1), 0);
  const Fd client = open_at("client", to);
  const auto there = address(to);
  if (::connect(client.get(), there.raw(), there.length) != 0) return "";
  test::SocketAddress peer;
  peer.length = sizeof peer.storage;
  const Fd accepted(::accept(server.get(), peer.raw(), &peer.length));
  return accepted.valid() ? peer.endpoint().ip : "";
}

class KernelNat : public ::testing::TestWithParam<Network> {
 protected:
  static void SetUpTestSuite() {
    box = std::make_unique<test::Sandbox>();
    lay_cables(*box);
  }
  static void TearDownTestSuite() { box.reset(); }
  void TearDown() override { box->run("nft flush ruleset"); }

  [[nodiscard]] NatService web() const {
    const Network& at = GetParam();
    return {.name = "default/web",
            .cluster_ip = *Ip::parse(at.cluster_ip),
            .node_port = 31000,
            .endpoints = {{*Ip::parse(at.pod), 8080}}};
  }
  void feed(const std::string& command, const std::string& text) const {
    const std::string file = "/tmp/sp-kernel-nat-" + std::to_string(::getpid());
    std::ofstream(file) << text;
    EXPECT_NO_THROW(box->run(command + " " + file));
    ::unlink(file.c_str());
  }
  // NodePort and ClusterIP, masqueraded both: the client is none of the cluster.
  void expect_service(const Network& at) const {
    const std::string gateway = std::string(at.pod, std::strlen(at.pod) - 1) + "1";
    EXPECT_EQ(seen_client(at, {at.node, 31000}), gateway);
    EXPECT_EQ(seen_client(at, {at.cluster_ip, 80}), gateway);
  }

  static std::unique_ptr<test::Sandbox> box;
};

std::unique_ptr<test::Sandbox> KernelNat::box;

TEST_P(KernelNat, CarriesConnectionsThroughNftables) {
  feed("nft -f", nftables_of(services_around(web(), 20, 3), {*Ip::parse(GetParam().node)}));
  expect_service(GetParam());
}

TEST_P(KernelNat, CarriesConnectionsThroughNftablesAtEveryAddressOfTheNode) {
  feed("nft -f", nftables_of({web()}));
  expect_service(GetParam());
}

TEST_P(KernelNat, CarriesConnectionsThroughIptables) {
  feed(std::string(GetParam().iptables) + "-restore --noflush", iptables_of(services_around(web(), 20, 3)));
  expect_service(GetParam());
}

TEST_P(KernelNat, TakesAnEndpointThatChanges) {
  NatService was = web();
  was.endpoints = {{*Ip::parse(GetParam().client), 8080}, {*Ip::parse(GetParam().cluster_ip), 8080}};
  feed("nft -f", nftables_of(services_around(was, 20, 3)));
  feed("nft -f", nftables_change(was, web()));
  expect_service(GetParam());
  EXPECT_EQ(box->output(std::string("nft list table ") + GetParam().nft_family +
                        " kube-proxy | grep -c 'chain endpoint-.*default/web/'"),
            "1\n");
}

TEST_P(KernelNat, TellsTheClientOfALocalService) {
  NatService service = web();
  service.keeps_client = true;
  feed("nft -f", nftables_of({service}));
  EXPECT_EQ(seen_client(GetParam(), {GetParam().node, 31000}), GetParam().client);
  box->run("nft flush ruleset");
  feed(std::string(GetParam().iptables) + "-restore --noflush", iptables_of({service}));
  EXPECT_EQ(seen_client(GetParam(), {GetParam().node, 31000}), GetParam().client);
}

INSTANTIATE_TEST_SUITE_P(, KernelNat, ::testing::ValuesIn(kNetworks), [](const auto& network) {
  return network.param.nft_family == std::string("ip") ? "IPv4" : "IPv6";
});

}  // namespace
}  // namespace sp::bench
