// SPDX-License-Identifier: Apache-2.0
// A device whose driver has no XDP: n1's external device is a bridge, so its programs run in generic mode.
#include "tests/harness/lab_environment.h"
#include "tests/harness/manifests.h"

namespace sp::test {

namespace {

constexpr std::uint16_t kNodePort = 30080;  // n1p1 and n2p1
constexpr std::uint16_t kHostPort = 8888;   // n1p1

// Puts eth0 under a bridge that takes over its MAC, addresses and routes.
constexpr const char* kMoveToBridge = R"(set -e
mac=$(cat /sys/class/net/eth0/address)
addresses=$(ip -o addr show dev eth0 scope global | awk '{print $4}')
routes4=$(ip -4 route show dev eth0 | grep via)
routes6=$(ip -6 route show dev eth0 | grep via)
ip link add br0 address "$mac" type bridge
ip link set br0 up
ip addr flush dev eth0 scope global
ip link set eth0 master br0
for address in $addresses; do ip addr add "$address" dev br0 $(case $address in *:*) echo nodad ;; esac); done
echo "$routes4" | while read -r route; do ip -4 route replace $route dev br0; done
echo "$routes6" | while read -r route; do ip -6 route replace $route dev br0; done
ethtool -K br0 tx off >/dev/null)";

}  // namespace

LabShape lab_shape() {
  return {.nodes = 2, .clients = 1, .pods = 1};
}

Result<void> prepare(const Lab& lab, Agents& agents, IdentityServers& servers) {
  SP_TRY_ASSIGN(moved, lab.run("n1", {"sh", "-c", kMoveToBridge}));
  if (moved.exit_code != 0) {
    return Error{0, "n1: move eth0 to a bridge: " + moved.text};
  }
  SP_TRY(servers.listen(lab, {"n1p1", "n2p1"}, 8080));
  const ServiceSpec web{
      .name = "web", .number = 1, .node_port = kNodePort, .backends = {backend(lab, "n1p1"), backend(lab, "n2p1")}};
  SP_TRY(agents.put_all("web.yaml", manifest(web)));
  SP_TRY(agents.put_all("pod.yaml", manifest(HostPortSpec{.pod = backend(lab, "n1p1"), .host_port = kHostPort})));
  return agents.start("n1");
}

namespace {

using GenericMode = LabTest;

TEST_F(GenericMode, IsWhatTheBridgeGets) {
  const auto attached = lab().run("n1", {"bpftool", "net", "show", "dev", "br0"});
  ASSERT_TRUE(ok(attached));
  EXPECT_NE(attached->text.find("generic id"), std::string::npos) << attached->text;
}

class GenericXdp : public FamilyTransportTest {};

TEST_P(GenericXdp, OpensNodePortOverLocalAndRemotePods) {
  const auto [family, transport] = GetParam();
  Tally tally;
  for (int i = 0; i < 20; ++i) {
    tally.add(ask(netns("c1"), transport, lab().host("n1").at(family, kNodePort)));
  }
  EXPECT_EQ(tally.failed(), 0u) << tally.text();
  EXPECT_EQ(tally.per_identity, (std::map<std::string, std::size_t>{{"n1p1", 10}, {"n2p1", 10}})) << tally.text();
}

TEST_P(GenericXdp, KeepsTheClientsAddressAtAHostPort) {
  const auto [family, transport] = GetParam();
  const auto reply = ask(netns("c1"), transport, lab().host("n1").at(family, kHostPort));
  ASSERT_TRUE(ok(reply));
  EXPECT_EQ(reply->identity, "n1p1");
  EXPECT_EQ(reply->seen_client.ip, lab().host("c1").ip(family));
}

INSTANTIATE_TEST_SUITE_P(Lab, GenericXdp, every_family_and_transport(), family_and_transport_name);

}  // namespace
}  // namespace sp::test
