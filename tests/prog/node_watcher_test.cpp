// SPDX-License-Identifier: Apache-2.0
// The netlink watcher against a network namespace of its own. Needs root.
#include "loader/node/watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <memory>

#include "tests/harness/sandbox.h"

namespace sp::node {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class NodeWatcher : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    sandbox_ = std::make_unique<test::Sandbox>();
    // Otherwise a device goes on to change its addresses and routes for seconds after it is up.
    sandbox_->run("sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.router_solicitations=0");
  }
  static void TearDownTestSuite() { sandbox_.reset(); }
  void SetUp() override {
    ifindex_ = sandbox_->add_veth("spw0", "spw1");
    sandbox_->run("ip addr add 192.0.2.1/24 dev spw0");
    Result<Watcher> watcher = Watcher::open("Node-A.Example");
    ASSERT_TRUE(watcher) << watcher.error().text();
    watcher_ = std::make_unique<Watcher>(std::move(watcher).value());
    settle();
  }
  void TearDown() override {
    watcher_.reset();
    sandbox_->run("ip link del spw0");
  }

  // Takes all events until none comes for a while: what the kernel does by itself (IPv6 autoconfiguration) is over.
  Watcher::Update settle() {
    Watcher::Update all;
    for (pollfd event{watcher_->fd(), POLLIN, 0}; ::poll(&event, 1, 200) > 0;) {
      const Watcher::Update update = watcher_->refresh();
      all.facts_changed |= update.facts_changed;
      all.routes_changed |= update.routes_changed;
    }
    return all;
  }
  Watcher::Update after(const std::string& command) {
    sandbox_->run(command);
    return settle();
  }

  static std::unique_ptr<test::Sandbox> sandbox_;
  std::uint32_t ifindex_ = 0;
  std::unique_ptr<Watcher> watcher_;
};
std::unique_ptr<test::Sandbox> NodeWatcher::sandbox_;

TEST_F(NodeWatcher, KnowsWhatWasThereBefore) {
  EXPECT_EQ(watcher_->facts().node_name, "node-a.example");
  EXPECT_THAT(watcher_->facts().devices, Contains(Device{ifindex_, "spw0", 1500, true, "veth"}));
  EXPECT_THAT(watcher_->facts().addresses, Contains(Address{*Ip::parse("192.0.2.1"), ifindex_, 24, false}));
}

TEST_F(NodeWatcher, LeavesLinkLocalAddressesOut) {
  EXPECT_THAT(sandbox_->output("ip -6 addr show dev spw0"), HasSubstr("fe80::"));
  for (const Address& address : watcher_->facts().addresses) EXPECT_FALSE(address.ip.is_link_local());
}

TEST_F(NodeWatcher, SeesAddressesComeAndGo) {
  EXPECT_TRUE(after("ip addr add 192.0.2.9/24 dev spw0").facts_changed);
  EXPECT_THAT(watcher_->facts().addresses, Contains(Address{*Ip::parse("192.0.2.9"), ifindex_, 24, true}));
  EXPECT_TRUE(after("ip -6 addr add 2001:db8::1/64 dev spw0 nodad").facts_changed);
  EXPECT_THAT(watcher_->facts().addresses, Contains(Address{*Ip::parse("2001:db8::1"), ifindex_, 64, false}));
  EXPECT_TRUE(after("ip addr del 192.0.2.9/24 dev spw0").facts_changed);
  EXPECT_THAT(watcher_->facts().addresses, Not(Contains(Field(&Address::ip, *Ip::parse("192.0.2.9")))));
}

TEST_F(NodeWatcher, SeesDevicesChange) {
  const auto update = after("ip link set spw0 mtu 1400");
  EXPECT_TRUE(update.facts_changed);
  EXPECT_TRUE(update.routes_changed);
  EXPECT_THAT(watcher_->facts().devices, Contains(Device{ifindex_, "spw0", 1400, true, "veth"}));
  EXPECT_TRUE(after("ip link set spw1 down").routes_changed) << "no carrier";
  EXPECT_THAT(watcher_->facts().devices, Contains(Device{ifindex_, "spw0", 1400, false, "veth"}));
}

TEST_F(NodeWatcher, TellsTheDevicesOfPodsByTheirKindAndWhereTheirPeerIs) {
  sandbox_->add_namespace("spw-pod");
  sandbox_->run("ip link add spw2 type bridge && ip tuntap add spw3 mode tun && ip tuntap add spw4 mode tap");
  EXPECT_TRUE(after("ip link set spw1 netns spw-pod").facts_changed);
  EXPECT_TRUE(after("ip link set spw0 master spw2").facts_changed);
  EXPECT_THAT(watcher_->facts().devices,
              Contains(AllOf(Field(&Device::name, "spw0"), Field(&Device::peer_elsewhere, true),
                             Field(&Device::master, ::if_nametoindex("spw2")))));
  EXPECT_THAT(watcher_->facts().devices, Contains(AllOf(Field(&Device::name, "spw2"), Field(&Device::kind, "bridge"),
                                                        Field(&Device::master, 0U))));
  EXPECT_THAT(watcher_->facts().devices, Contains(AllOf(Field(&Device::name, "spw3"), Field(&Device::kind, "tun"),
                                                        Field(&Device::peer_elsewhere, false))));
  EXPECT_THAT(watcher_->facts().devices, Contains(AllOf(Field(&Device::name, "spw4"), Field(&Device::kind, "tap"))));
  EXPECT_THAT(watcher_->facts().devices, Contains(AllOf(Field(&Device::name, "lo"), Field(&Device::kind, ""))));
  sandbox_->run("ip link del spw4 && ip link del spw3 && ip link del spw2");
}

TEST_F(NodeWatcher, NewSourceAddressOfADeviceChangesRoutesButNoFacts) {
  const auto update = after("ip link set spw0 address 02:00:00:00:00:77");
  EXPECT_TRUE(update.routes_changed);
}

TEST_F(NodeWatcher, RoutesChangeRoutesOnly) {
  const auto update = after("ip route add 198.51.100.0/24 via 192.0.2.2");
  EXPECT_TRUE(update.routes_changed);
  EXPECT_FALSE(update.facts_changed);
}

TEST_F(NodeWatcher, FindsTheDevicesWithDefaultRoutes) {
  EXPECT_THAT(watcher_->default_route_devices(), IsEmpty());
  sandbox_->run("ip route add default via 192.0.2.2 && ip -6 route add default dev spw0");
  EXPECT_THAT(watcher_->default_route_devices(), ElementsAre(Field(&Device::name, "spw0")));
}

TEST_F(NodeWatcher, NeighbourMattersOnlyWhenItsLinkAddressDiffers) {
  const std::string neighbour = "ip neigh replace 192.0.2.2 dev spw0 lladdr ";
  EXPECT_FALSE(after(neighbour + "02:00:00:00:00:01 nud reachable").routes_changed) << "learned";
  EXPECT_FALSE(after(neighbour + "02:00:00:00:00:01 nud stale").routes_changed) << "only its state changed";
  EXPECT_TRUE(after(neighbour + "02:00:00:00:00:02 nud reachable").routes_changed) << "moved";
  EXPECT_FALSE(after("ip neigh del 192.0.2.2 dev spw0").routes_changed) << "expired";
  EXPECT_FALSE(after(neighbour + "02:00:00:00:00:02 nud reachable").routes_changed) << "came back as it was";
  sandbox_->run("ip neigh del 192.0.2.2 dev spw0");
  EXPECT_TRUE(after(neighbour + "02:00:00:00:00:03 nud reachable").routes_changed) << "came back as another";
}

TEST_F(NodeWatcher, LostEventsCountAsAChange) {
  // More changes than the socket's buffer holds, made in one go.
  sandbox_->run(
      "for i in $(seq 1 24000); do echo route add 203.0.113.1/32 dev spw0; echo route del 203.0.113.1/32 dev "
      "spw0; done | ip -batch -");
  sandbox_->run("ip addr add 192.0.2.77/24 dev spw0");
  EXPECT_TRUE(settle().routes_changed);
  EXPECT_THAT(watcher_->facts().addresses, Contains(Field(&Address::ip, *Ip::parse("192.0.2.77"))));
}

TEST_F(NodeWatcher, KernelKeepsANeighbourThatItIsAskedToKeep) {
  const auto kept = watcher_->keep_neighbour(ifindex_, *Ip::parse("192.0.2.2"));
  ASSERT_TRUE(kept) << kept.error().text();
  EXPECT_THAT(sandbox_->output("ip neigh show 192.0.2.2 dev spw0"), HasSubstr("managed"));
}

}  // namespace
}  // namespace sp::node
