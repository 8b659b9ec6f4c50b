// SPDX-License-Identifier: Apache-2.0
// PodWays on real veths into namespaces that have a name, or none. Needs root.
#include "loader/agent/pod_ways.h"

#include <gtest/gtest.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "loader/node/watcher.h"
#include "maps/device.h"
#include "tests/harness/netns.h"
#include "tests/harness/sandbox.h"
#include "tests/harness/scratch_folder.h"

namespace sp::agent {
namespace {

constexpr std::uint32_t kTransmit = SP_DEVICE_PEER | SP_DEVICE_XDP_TX;

bool has_gro(const std::string& netns, const char* device) {
  const auto there = test::NetnsScope::enter(netns);
  const Fd any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ethtool_value value{.cmd = ETHTOOL_GGRO, .data = 0};
  ifreq request{};
  std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&value);
  if (!there || ::ioctl(any.get(), SIOCETHTOOL, &request) != 0) throw std::runtime_error("ETHTOOL_GGRO");
  return value.data != 0;
}

class PodWaysTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    sandbox_ = std::make_unique<test::Sandbox>();
    sandbox_->add_namespace("spy-a");
    sandbox_->add_namespace("spy-b");
  }
  static void TearDownTestSuite() { sandbox_.reset(); }
  void TearDown() override {
    static_cast<void>(std::system("ip link del spy0 2>/dev/null; ip link del spy1 2>/dev/null"));
  }

  static void add_pod(const std::string& name, const std::string& netns) {
    static_cast<void>(sandbox_->add_veth(name, name + "p"));
    sandbox_->run("ip link set " + name + "p netns " + netns + " up");
  }
  // What netlink says now of the devices of this test.
  std::vector<const node::Device*> devices() {
    if (auto watcher = node::Watcher::open("n1"); watcher) facts_ = watcher->facts();
    std::vector<const node::Device*> found;
    for (const node::Device& device : facts_.devices) {
      if (device.name.starts_with("spy")) found.push_back(&device);
    }
    return found;
  }
  [[nodiscard]] static std::uint32_t flags(const PodWays& ways, const char* device) {
    return ways.flags(::if_nametoindex(device));
  }

  static std::unique_ptr<test::Sandbox> sandbox_;
  node::Facts facts_;
};
std::unique_ptr<test::Sandbox> PodWaysTest::sandbox_;

TEST_F(PodWaysTest, TheStackNeedsNone) {
  add_pod("spy0", "spy-a");
  PodWays ways(LocalDelivery::stack);
  ways.refresh(devices());
  EXPECT_EQ(flags(ways, "spy0"), 0U);
}

TEST_F(PodWaysTest, PeerIsOpenForVethsIntoOtherNamespacesOnly) {
  add_pod("spy0", "spy-a");
  static_cast<void>(sandbox_->add_veth("spy1", "spy1p"));
  PodWays ways(LocalDelivery::peer);
  ways.refresh(devices());
  EXPECT_EQ(flags(ways, "spy0"), SP_DEVICE_PEER);
  EXPECT_EQ(flags(ways, "spy1"), 0U);
  EXPECT_FALSE(has_gro("spy-a", "spy0p")) << "nobody needs it";
}

TEST_F(PodWaysTest, XdpSwitchesGroOnInThePodOfEachDevice) {
  add_pod("spy0", "spy-a");
  add_pod("spy1", "spy-b");
  const std::string home = std::filesystem::read_symlink("/proc/thread-self/ns/net");
  PodWays ways(LocalDelivery::xdp);
  ways.refresh(devices());
  EXPECT_EQ(flags(ways, "spy0"), kTransmit);
  EXPECT_EQ(flags(ways, "spy1"), kTransmit);
  EXPECT_TRUE(has_gro("spy-a", "spy0p"));
  EXPECT_TRUE(has_gro("spy-b", "spy1p"));
  EXPECT_EQ(std::filesystem::read_symlink("/proc/thread-self/ns/net"), home);
}

TEST_F(PodWaysTest, XdpWaitsForThePodsEndToBeUp) {
  add_pod("spy0", "spy-a");
  sandbox_->run("ip -n spy-a link set spy0p down");
  PodWays ways(LocalDelivery::xdp);
  ways.refresh(devices());
  EXPECT_EQ(flags(ways, "spy0"), 0U);
  EXPECT_FALSE(has_gro("spy-a", "spy0p"));
  sandbox_->run("ip -n spy-a link set spy0p up");
  ways.refresh(devices());
  EXPECT_EQ(flags(ways, "spy0"), kTransmit);
}

TEST_F(PodWaysTest, ADeviceThatIsMadeAnewGetsItsWayAnew) {
  add_pod("spy0", "spy-a");
  PodWays ways(LocalDelivery::xdp);
  ways.refresh(devices());
  const std::uint32_t before = ::if_nametoindex("spy0");
  sandbox_->run("ip link del spy0");
  add_pod("spy0", "spy-b");
  ASSERT_NE(::if_nametoindex("spy0"), before);
  ways.refresh(devices());
  EXPECT_EQ(flags(ways, "spy0"), kTransmit);
  EXPECT_TRUE(has_gro("spy-b", "spy0p"));
  EXPECT_EQ(ways.flags(before), 0U) << "forgotten";
}

TEST_F(PodWaysTest, APodWhoseNamespaceHasNoNameIsLeftToTheStackUntilItHasOne) {
  add_pod("spy0", "spy-a");
  const test::ScratchFolder names;
  PodWays ways(LocalDelivery::xdp, PodEnds(names.path()));
  const auto now = PodWays::Clock::now();
  ways.refresh(devices(), now);
  EXPECT_EQ(flags(ways, "spy0"), 0U);
  EXPECT_FALSE(has_gro("spy-a", "spy0p"));
  std::filesystem::create_symlink("/run/netns/spy-b", names.path() / "other");
  std::filesystem::create_symlink("/run/netns/spy-a", names.path() / "pod");
  ways.refresh(devices(), now + PodWays::kRetry / 2);
  EXPECT_EQ(flags(ways, "spy0"), 0U) << "it is not asked for all the time";
  ways.refresh(devices(), now + PodWays::kRetry);
  EXPECT_EQ(flags(ways, "spy0"), kTransmit);
}

TEST_F(PodWaysTest, ANameThatBelongsToAnotherPodByNowIsNotTakenForTheOldOne) {
  add_pod("spy0", "spy-a");
  const test::ScratchFolder names;
  std::filesystem::create_symlink("/run/netns/spy-a", names.path() / "pod");
  PodWays ways(LocalDelivery::xdp, PodEnds(names.path()));
  ways.refresh(devices());
  ASSERT_EQ(flags(ways, "spy0"), kTransmit);
  std::filesystem::remove(names.path() / "pod");
  std::filesystem::create_symlink("/run/netns/spy-b", names.path() / "pod");
  add_pod("spy1", "spy-b");
  ways.refresh(devices());
  EXPECT_EQ(flags(ways, "spy1"), kTransmit);
  EXPECT_TRUE(has_gro("spy-b", "spy1p"));
}

}  // namespace
}  // namespace sp::agent
