// SPDX-License-Identifier: Apache-2.0
// Which devices lead to Pods, and what the packet path is told of them.
#include "loader/agent/pod_devices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sp::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Mode = DetectLocal::Mode;

node::Device device(std::uint32_t ifindex, const std::string& name, const std::string& kind,
                    bool peer_elsewhere = false, std::uint32_t master = 0) {
  return {.ifindex = ifindex,
          .name = name,
          .mtu = 1450,
          .up = true,
          .kind = kind,
          .peer_elsewhere = peer_elsewhere,
          .master = master};
}

node::Address address(const std::string& ip, std::uint32_t ifindex) {
  return {.ip = *Ip::parse(ip), .ifindex = ifindex, .prefix_bits = 24, .secondary = false};
}

node::Facts facts(std::vector<node::Address> addresses = {}) {
  return {.node_name = "n1",
          .devices = {device(1, "lo", ""), device(2, "eth0", ""), device(3, "uplink", "veth", true),
                      device(4, "cni0", "bridge"), device(5, "veth5", "veth", true, 4),
                      device(6, "cali6", "veth", true), device(7, "patch7", "veth"), device(8, "tap8", "tap"),
                      device(9, "vxlan9", "vxlan"), device(10, "vpn10", "tun")},
          .addresses = std::move(addresses)};
}

std::vector<std::string> chosen(const PodDeviceChoice& choice, const std::vector<std::uint32_t>& external = {2, 3}) {
  std::vector<std::string> names;
  const node::Facts all = facts();
  for (const node::Device* each : wanted_pod_devices(choice, all, external)) {
    names.push_back(each->name);
  }
  return names;
}

sp_device_val row_of(std::uint32_t ifindex, const node::Facts& all, const DetectLocal& detect_local = {}) {
  return pod_device_row(all.devices.at(ifindex - 1), all, detect_local);
}

bool is_pods(std::uint32_t ifindex, const DetectLocal& detect_local) {
  return (row_of(ifindex, facts(), detect_local).flags & SP_DEVICE_PODS) != 0;
}

TEST(PodDevices, ByThemselvesAreVethsIntoOtherNamespacesAndTaps) {
  EXPECT_THAT(chosen({}), ElementsAre("veth5", "cali6", "tap8"));
}

TEST(PodDevices, AreTheNamedOnesWhateverTheirKind) {
  EXPECT_THAT(chosen({false, {"cni0", "cali*"}}), ElementsAre("cni0", "cali6"));
  EXPECT_THAT(chosen({false, {"veth"}}), IsEmpty()) << "no * at its end: a whole name";
  EXPECT_THAT(chosen({false, {}}), IsEmpty());
}

TEST(PodDevices, NeverFaceClientsAndAreNeverLo) {
  EXPECT_THAT(chosen({false, {"*"}}), ElementsAre("cni0", "veth5", "cali6", "patch7", "tap8", "vxlan9", "vpn10"));
  EXPECT_THAT(chosen({}, {2, 5}), ElementsAre("uplink", "cali6", "tap8"));
}

TEST(PodDevices, AreNoPortsOfABridgeThatFacesClientsUnlessTheyAreNamed) {
  EXPECT_THAT(chosen({}, {2, 3, 4}), ElementsAre("cali6", "tap8"));
  EXPECT_THAT(chosen({false, {"veth*"}}, {2, 3, 4}), ElementsAre("veth5"));
}

TEST(PodDevices, R058_WithoutADetectorAllOfThemArePods) {
  EXPECT_TRUE(is_pods(5, {}));
  EXPECT_TRUE(is_pods(8, {}));
}

TEST(PodDevices, R058_WithRangesTheSourceDecidesAndNoDevice) {
  EXPECT_FALSE(is_pods(5, {Mode::cluster_cidr, {*Prefix::parse("10.244.0.0/16")}, {}}));
  EXPECT_FALSE(is_pods(5, {Mode::node_cidr, {}, {}}));
}

TEST(PodDevices, R058_WithNamesThoseThatMatchAndThePortsOfABridgeThatDoes) {
  const DetectLocal bridge{Mode::devices, {}, {"cni0"}};
  EXPECT_TRUE(is_pods(4, bridge));
  EXPECT_TRUE(is_pods(5, bridge)) << "its packets arrive by cni0 as kube-proxy sees it";
  EXPECT_FALSE(is_pods(6, bridge));
  const DetectLocal prefix{Mode::devices, {}, {"cali*"}};
  EXPECT_TRUE(is_pods(6, prefix));
  EXPECT_FALSE(is_pods(5, prefix));
}

TEST(PodDevices, R056_BorrowTheAddressThatTheKernelWouldChoose) {
  const auto snat4 = [](std::uint32_t ifindex, const node::Facts& all) {
    return Ip(row_of(ifindex, all).snat4).text();
  };
  const node::Facts all = facts({address("192.0.2.1", 2), address("10.244.0.1", 4), address("169.254.1.1", 6),
                                 address("10.9.0.1", 8), address("2001:db8::1", 2)});
  EXPECT_EQ(snat4(8, all), "10.9.0.1") << "its own";
  EXPECT_EQ(snat4(5, all), "10.244.0.1") << "its bridge's";
  EXPECT_EQ(snat4(6, all), "192.0.2.1") << "the node's";
  EXPECT_EQ(Ip(row_of(6, all).snat6).text(), "2001:db8::1");
  EXPECT_EQ(row_of(6, all).flags, SP_DEVICE_HAS_SNAT4 | SP_DEVICE_HAS_SNAT6 | SP_DEVICE_PODS)
      << "XDP never transmits to one";
  EXPECT_EQ(row_of(6, all).mtu, 1450U);
  EXPECT_EQ(row_of(6, facts()).flags, SP_DEVICE_PODS) << "a node without addresses";
}

}  // namespace
}  // namespace sp::agent
