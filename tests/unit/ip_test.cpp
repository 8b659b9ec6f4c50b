// SPDX-License-Identifier: Apache-2.0
// Ip, Prefix and Protocol: what is accepted, what is refused, and how it prints.
#include "loader/util/ip.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace sp {
namespace {

Ip ip(std::string_view text) {
  const auto parsed = Ip::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(Ip());
}

Prefix prefix(std::string_view text) {
  const auto parsed = Prefix::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(Prefix{});
}

TEST(Ip, Ipv4LivesInTheMappedRangeInNetworkOrder) {
  const Ip address = ip("192.0.2.1");
  EXPECT_EQ(address.family(), Family::v4);
  EXPECT_EQ(address.raw().w[0], 0u);
  EXPECT_EQ(address.raw().w[1], 0u);
  EXPECT_EQ(ntohl(address.raw().w[2]), 0xffffu);
  EXPECT_EQ(ntohl(address.raw().w[3]), 0xc0000201u);
  EXPECT_EQ(address, Ip::v4(htonl(0xc0000201)));
}

TEST(Ip, ParsesLeadingZerosAsDecimal) {
  EXPECT_EQ(ip("192.168.099.022"), ip("192.168.99.22"));
  EXPECT_EQ(ip("010.0.0.1").text(), "10.0.0.1");
  EXPECT_EQ(ip("::ffff:010.000.000.008"), ip("10.0.0.8"));
}

TEST(Ip, MappedIpv6IsIpv4) {
  EXPECT_EQ(ip("::ffff:192.0.2.1"), ip("192.0.2.1"));
  EXPECT_EQ(ip("::FFFF:c000:201").text(), "192.0.2.1");
}

TEST(Ip, CaseAndZerosOfIpv6DoNotMatter) {
  EXPECT_EQ(ip("2001:DB8::0001"), ip("2001:db8:0:0:0:0:0:1"));
  EXPECT_EQ(ip("2001:DB8::1").family(), Family::v6);
}

TEST(Ip, RefusesWhatIsNotAnAddress) {
  for (const std::string_view text : {"",
                                      "10.0.0",
                                      "10.0.0.0.0",
                                      "10.0.0.256",
                                      "10.0.0.-1",
                                      "+1.0.0.1",
                                      " 10.0.0.1",
                                      "10.0.0.1 ",
                                      "10..0.1",
                                      "1.2.3.",
                                      "10.0.0.0x1",
                                      "99999999999.0.0.1",
                                      "fe80::1%eth0",
                                      "::g",
                                      "1:2:3:4:5:6:7:8:9",
                                      ":::",
                                      "[::1]",
                                      "10.0.0.1/8",
                                      "1.2.3.4:80",
                                      "::ffff:1.2.3.400",
                                      "web",
                                      ":"}) {
    EXPECT_FALSE(Ip::parse(text).has_value()) << text;
  }
  EXPECT_FALSE(Ip::parse(std::string_view("::1\0x", 5)).has_value());
}

TEST(Ip, PrintsIpv6AsRfc5952) {
  const std::pair<const char*, const char*> cases[] = {
      {"::", "::"},
      {"::1", "::1"},
      {"0:0:0:0:0:0:1:2", "::1:2"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"1::", "1::"},
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
      {"FE80::ABCD", "fe80::abcd"},
  };
  for (const auto& [text, canonical] : cases) {
    EXPECT_EQ(ip(text).text(), canonical);
    EXPECT_EQ(ip(ip(text).text()), ip(text));
  }
}

TEST(Ip, KnowsSpecialAddressesOfBothFamilies) {
  EXPECT_TRUE(ip("0.0.0.0").is_unspecified());
  EXPECT_TRUE(ip("::").is_unspecified());
  EXPECT_FALSE(ip("::1").is_unspecified());
  EXPECT_TRUE(ip("127.1.2.3").is_loopback());
  EXPECT_TRUE(ip("::1").is_loopback());
  EXPECT_FALSE(ip("128.0.0.1").is_loopback());
  EXPECT_TRUE(ip("169.254.9.9").is_link_local());
  EXPECT_TRUE(ip("fe80::1").is_link_local());
  EXPECT_TRUE(ip("febf::1").is_link_local());
  EXPECT_FALSE(ip("fec0::1").is_link_local());
  EXPECT_FALSE(ip("169.253.0.1").is_link_local());
}

TEST(Ip, OrdersByBytes) {
  EXPECT_LT(ip("10.0.0.2"), ip("10.0.0.10"));
  EXPECT_LT(ip("10.0.0.255"), ip("10.0.1.0"));
  EXPECT_LT(ip("10.0.0.1"), ip("2001:db8::1"));
}

TEST(Prefix, ContainsOnlyItsFamilyAndRange) {
  EXPECT_TRUE(prefix("10.1.2.3/8").contains(ip("10.255.0.1")));
  EXPECT_FALSE(prefix("10.1.2.3/8").contains(ip("11.0.0.1")));
  EXPECT_TRUE(prefix("192.0.2.128/25").contains(ip("192.0.2.129")));
  EXPECT_FALSE(prefix("192.0.2.128/25").contains(ip("192.0.2.127")));
  EXPECT_TRUE(prefix("192.0.2.1/32").contains(ip("192.0.2.1")));
  EXPECT_FALSE(prefix("192.0.2.1/32").contains(ip("192.0.2.0")));
  EXPECT_TRUE(prefix("2001:db8::/33").contains(ip("2001:db8:7fff::1")));
  EXPECT_FALSE(prefix("2001:db8::/33").contains(ip("2001:db8:8000::1")));
  EXPECT_TRUE(prefix("2001:db8::1/128").contains(ip("2001:db8::1")));
}

TEST(Prefix, SlashZeroIsOneFamilyAndNotBoth) {
  EXPECT_TRUE(prefix("0.0.0.0/0").contains(ip("255.1.1.1")));
  EXPECT_FALSE(prefix("0.0.0.0/0").contains(ip("::1")));
  EXPECT_TRUE(prefix("::/0").contains(ip("ffff::1")));
  EXPECT_FALSE(prefix("::/0").contains(ip("10.0.0.1")));
}

TEST(Prefix, ParsesAsLenientlyAsKubernetes) {
  EXPECT_EQ(prefix(" 203.0.113.000/025\n").text(), "203.0.113.0/25");
  EXPECT_EQ(prefix("::ffff:10.0.0.0/104").text(), "10.0.0.0/8");
  EXPECT_EQ(prefix("2001:DB8::/32").text(), "2001:db8::/32");
}

TEST(Prefix, RefusesWhatIsNotARange) {
  for (const std::string_view text : {"", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1",
                                      "10.0.0.0/8/8", "10.0.0/8", "::ffff:10.0.0.0/64", "10.0.0.0/ 8", "10.0.0.0/8x"}) {
    EXPECT_FALSE(Prefix::parse(text).has_value()) << text;
  }
}

TEST(Protocol, HasTheSpellingOfKubernetesOnly) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp, Protocol::sctp}) {
    EXPECT_EQ(parse_protocol(to_string(protocol)), protocol);
  }
  EXPECT_EQ(to_string(Protocol::sctp), "SCTP");
  EXPECT_FALSE(parse_protocol("tcp").has_value());
  EXPECT_FALSE(parse_protocol("").has_value());
  EXPECT_FALSE(parse_protocol("ICMP").has_value());
}

TEST(Be16, KeepsWireOrder) {
  EXPECT_EQ(Be16::from_host(0x1234).raw, htons(0x1234));
  EXPECT_EQ(Be16::from_host(30000).to_host(), 30000);
}

}  // namespace
}  // namespace sp
