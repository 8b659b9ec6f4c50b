// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loader/agent/devices.h"

namespace sp::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

node::Device device(std::uint32_t ifindex, const std::string& name, std::uint32_t mtu = 1500) {
  return {.ifindex = ifindex, .name = name, .mtu = mtu, .up = true};
}

node::Address address(const std::string& ip, std::uint32_t ifindex, bool secondary = false) {
  return {.ip = *Ip::parse(ip), .ifindex = ifindex, .prefix_bits = 24, .secondary = secondary};
}

node::Facts facts(std::vector<node::Address> addresses = {}) {
  return {.node_name = "n1",
          .devices = {device(1, "lo", 65536), device(2, "eth0"), device(3, "eth1", 9000)},
          .addresses = std::move(addresses)};
}

std::string snat4(const sp_device_val& row) {
  return (row.flags & SP_DEVICE_HAS_SNAT4) != 0 ? Ip(row.snat4).text() : "none";
}
std::string snat6(const sp_device_val& row) {
  return (row.flags & SP_DEVICE_HAS_SNAT6) != 0 ? Ip(row.snat6).text() : "none";
}

std::vector<std::string> names(const std::vector<node::Device>& devices) {
  std::vector<std::string> list;
  for (const node::Device& each : devices) list.push_back(each.name);
  return list;
}

TEST(DeviceRow, TakesTheFirstAddressOfEachFamilyOnTheDevice) {
  const auto row = device_row(
      device(2, "eth0"),
      facts({address("198.51.100.1", 3), address("192.0.2.1", 2), address("192.0.2.2", 2), address("2001:db8::1", 2)}),
      true);
  EXPECT_EQ(snat4(row), "192.0.2.1");
  EXPECT_EQ(snat6(row), "2001:db8::1");
  EXPECT_EQ(row.mtu, 1500U);
  EXPECT_NE(row.flags & SP_DEVICE_XDP_TX, 0U);
}

TEST(DeviceRow, PrefersAnAddressThatIsNotSecondaryOrTemporary) {
  const auto mixed = facts({address("2001:db8::f", 2, true), address("2001:db8::1", 2)});
  EXPECT_EQ(snat6(device_row(device(2, "eth0"), mixed, true)), "2001:db8::1");
  const auto only = facts({address("2001:db8::f", 2, true)});
  EXPECT_EQ(snat6(device_row(device(2, "eth0"), only, true)), "2001:db8::f");
}

TEST(DeviceRow, AnUnnumberedDeviceBorrowsFromLoButNeverALoopbackAddress) {
  const auto row =
      device_row(device(2, "eth0"), facts({address("127.0.0.1", 1), address("10.0.0.9", 1), address("::1", 1)}), true);
  EXPECT_EQ(snat4(row), "10.0.0.9");
  EXPECT_EQ(snat6(row), "none");
}

TEST(DeviceRow, AFamilyWithoutAddressHasNoFlagAndAZeroAddress) {
  const auto row = device_row(device(2, "eth0"), facts({address("192.0.2.1", 2), address("2001:db8::1", 3)}), false);
  EXPECT_EQ(row.flags, std::uint32_t{SP_DEVICE_HAS_SNAT4});
  EXPECT_EQ(Ip(row.snat6).text(), "::");
}

TEST(WantedDevices, NamedDevicesWinOverRoutesAndAttachments) {
  const Wanted wanted = wanted_devices({"eth1"}, facts(), {device(2, "eth0")}, {2});
  EXPECT_THAT(names(wanted.devices), ElementsAre("eth1"));
  EXPECT_THAT(wanted.missing, IsEmpty());
}

TEST(WantedDevices, AMissingNameIsReportedAndTheOthersStand) {
  const Wanted wanted = wanted_devices({"eth7", "eth1", "eth1"}, facts(), {}, {});
  EXPECT_THAT(names(wanted.devices), ElementsAre("eth1"));
  EXPECT_THAT(wanted.missing, ElementsAre("eth7"));
}

TEST(CheckNames, AMissingDeviceIsAnErrorThatNamesTheOnesThereAre) {
  EXPECT_TRUE(check_names({}, facts()));
  EXPECT_TRUE(check_names({"eth0", "eth1"}, facts()));
  const auto checked = check_names({"eth0", "eth7"}, facts());
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().text(), "--device eth7: no such device: expected one of lo, eth0, eth1");
}

TEST(WantedDevices, WithoutNamesTheDevicesWithADefaultRouteAreTaken) {
  EXPECT_THAT(names(wanted_devices({}, facts(), {device(3, "eth1"), device(3, "eth1")}, {}).devices),
              ElementsAre("eth1"));
  EXPECT_THAT(wanted_devices({}, facts(), {}, {}).devices, IsEmpty());
}

TEST(WantedDevices, WithoutNamesAnAttachedDeviceStaysWhenItsDefaultRouteGoes) {
  EXPECT_THAT(names(wanted_devices({}, facts(), {device(3, "eth1")}, {2, 3, 99}).devices), ElementsAre("eth1", "eth0"));
}

}  // namespace
}  // namespace sp::agent
