// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/host_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace sp::agent {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<PortRange> kDefaultSnat{{1024, 29999}, {61000, 65535}};

// A folder that looks like /proc/sys/net.
class HostSettingsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "sp-host-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    proc = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(proc); }
  void write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories((proc / file).parent_path());
    std::ofstream(proc / file) << text;
  }

  std::filesystem::path proc;
  node::Facts facts{.node_name = "n1",
                    .devices = {{.ifindex = 2, .name = "eth0"}, {.ifindex = 3, .name = "eth1"}},
                    .addresses = {{.ip = *Ip::parse("2001:db8::1"), .ifindex = 3}}};
};

TEST_F(HostSettingsTest, NamesTheDevicesThatDoNotForward) {
  write("ipv4/conf/eth0/forwarding", "0\n");
  write("ipv4/conf/eth1/forwarding", "1\n");
  write("ipv6/conf/eth0/forwarding", "0\n");
  write("ipv6/conf/eth1/forwarding", "0\n");
  const HostSettings settings = read_host_settings(proc, {"eth0", "eth1"}, facts);
  EXPECT_THAT(settings.closed4, ElementsAre("eth0"));
  EXPECT_THAT(settings.closed6, ElementsAre("eth1")) << "eth0 has no IPv6 address";
}

TEST_F(HostSettingsTest, ReadsPortRanges) {
  write("ipv4/ip_local_port_range", "20000\t40000\n");
  write("ipv4/ip_local_reserved_ports", "8080,20000-29999\n");
  const HostSettings settings = read_host_settings(proc, {}, facts);
  EXPECT_EQ(settings.ephemeral, (PortRange{20000, 40000}));
  EXPECT_THAT(settings.reserved, ElementsAre(PortRange{8080, 8080}, PortRange{20000, 29999}));
}

TEST_F(HostSettingsTest, WhatCannotBeReadIsTheDefaultAndNoComplaint) {
  write("ipv4/ip_local_port_range", "nonsense");
  EXPECT_EQ(read_host_settings(proc, {"eth0"}, facts), HostSettings{});
  EXPECT_EQ(read_host_settings(proc / "missing", {"eth0"}, facts), HostSettings{});
}

TEST(HostAdvice, IsSilentOnADefaultForwardingLinux) {
  EXPECT_THAT(host_advice(HostSettings{}, kDefaultSnat), IsEmpty());
}

TEST(HostAdvice, SaysHowToSwitchForwardingOn) {
  const auto advice = host_advice({.closed4 = {"eth0", "eth1"}, .closed6 = {"eth1"}}, kDefaultSnat);
  EXPECT_THAT(advice, ElementsAre(AllOf(HasSubstr("eth0, eth1"), HasSubstr("net.ipv4.ip_forward=1")),
                                  AllOf(HasSubstr("eth1"), HasSubstr("net.ipv6.conf.all.forwarding=1"))));
}

TEST(HostAdvice, NamesBothRangesAndTheirCommonPorts) {
  const auto advice = host_advice({.ephemeral = {20000, 62000}}, kDefaultSnat);
  EXPECT_THAT(advice,
              ElementsAre(AllOf(HasSubstr("snat_ports 1024-29999"), HasSubstr("ip_local_port_range 20000-62000"),
                                HasSubstr("reserved_ports=20000-29999")),
                          AllOf(HasSubstr("snat_ports 61000-65535"), HasSubstr("reserved_ports=61000-62000"))));
}

TEST(HostAdvice, ReservedPortsAreNoClash) {
  HostSettings settings{.ephemeral = {20000, 60999}, .reserved = {{20000, 25000}, {25001, 29999}}};
  EXPECT_THAT(host_advice(settings, kDefaultSnat), IsEmpty());
  settings.reserved = {{20000, 29000}};
  EXPECT_THAT(host_advice(settings, kDefaultSnat), ElementsAre(HasSubstr("share 29001-29999")));
  settings.ephemeral = {32768, 65535};
  settings.reserved = {{61000, 65535}};
  EXPECT_THAT(host_advice(settings, kDefaultSnat), IsEmpty()) << "the last port there is must not wrap around";
}

TEST(PortRanges, AreReadAsTheKernelPrintsThem) {
  EXPECT_THAT(parse_port_ranges("1,3-5 7\n"), ElementsAre(PortRange{1, 1}, PortRange{3, 5}, PortRange{7, 7}));
  EXPECT_THAT(parse_port_ranges("\n"), IsEmpty());
  EXPECT_THAT(parse_port_ranges("x,5-3,1-70000,2-3-4,9"), ElementsAre(PortRange{9, 9}));
}

TEST(NodePortClashes, OneSentenceAPortHoweverManyRowsItHas) {
  compile::Desired desired;
  const auto add = [&desired](const char* ip, std::uint16_t port, sp_frontend_kind kind) {
    desired.frontends[{.ip = *Ip::parse(ip), .port = port}] = {.service = "default/web:80/TCP@v4", .kind = kind};
  };
  add("192.0.2.1", 20500, SP_KIND_NODE_PORT);
  add("192.0.2.2", 20500, SP_KIND_NODE_PORT);
  add("192.0.2.1", 30000, SP_KIND_NODE_PORT);
  add("192.0.2.1", 8080, SP_KIND_HOST_PORT);
  EXPECT_THAT(node_port_clashes(desired, kDefaultSnat),
              ElementsAre(AllOf(HasSubstr("nodePort 20500 of default/web"), HasSubstr("snat_ports 1024-29999"))));
}

}  // namespace
}  // namespace sp::agent
