// SPDX-License-Identifier: Apache-2.0
// The kernel's NAT that benchmarks compare with: rules of kube-proxy's shape, as text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "bench/kernel_nat/rules.h"

namespace sp::bench {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

NatService web() {
  return {.name = "default/web",
          .cluster_ip = *Ip::parse("10.96.0.10"),
          .port = 80,
          .node_port = 30080,
          .endpoints = {{*Ip::parse("10.244.2.2"), 8080}, {*Ip::parse("10.244.2.3"), 8080}}};
}

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(KernelNat, LeadsFromNodePortThroughExternalAndServiceToOneEndpoint) {
  const std::string text = nftables_of({web()}, {*Ip::parse("192.168.0.2")});
  EXPECT_THAT(text, AllOf(HasSubstr("service-nodeports { tcp . 30080 : goto external-"),
                          HasSubstr("nodeport-ips { 192.168.0.2 }"), HasSubstr("numgen random mod 2 vmap { 0 : goto "),
                          HasSubstr("meta l4proto tcp dnat to 10.244.2.3:8080"), HasSubstr("masquerade fully-random")));
}

TEST(KernelNat, ServesNodePortsAtEveryAddressWhenNoneIsNamed) {
  EXPECT_THAT(nftables_of({web()}), HasSubstr("fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport"));
}

TEST(KernelNat, KeepsTheClientOfAServiceThatIsLocal) {
  NatService service = web();
  service.keeps_client = true;
  const std::string text = nftables_of({service});
  EXPECT_EQ(occurrences(text, "mark-for-masquerade\n"), 4U);  // ClusterIP, local processes, both endpoints themselves
  EXPECT_THAT(text, HasSubstr("goto local-"));
  EXPECT_THAT(iptables_of({service}), HasSubstr("KUBE-SVL-"));
}

TEST(KernelNat, RefusesAServiceWithoutEndpoints) {
  NatService service = web();
  service.endpoints.clear();
  EXPECT_THAT(
      nftables_of({service}),
      AllOf(HasSubstr("no-endpoint-services { 10.96.0.10 . tcp . 80 : goto reject-chain }"), Not(HasSubstr("numgen"))));
  EXPECT_THAT(iptables_of({service}), HasSubstr("-d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j REJECT"));
}

TEST(KernelNat, WritesTheChangedServiceAloneAndRemovesTheEndpointThatWent) {
  NatService now = web();
  now.endpoints[0] = {*Ip::parse("10.244.2.9"), 8080};
  const std::string text = nftables_change(web(), now);
  EXPECT_THAT(text,
              AllOf(HasSubstr("dnat to 10.244.2.9:8080"), HasSubstr("dnat to 10.244.2.3:8080"),
                    Not(HasSubstr("dnat to 10.244.2.2:8080")), Not(HasSubstr("table")), Not(HasSubstr("add element"))));
  EXPECT_EQ(occurrences(text, "delete chain"), 1U);
}

TEST(KernelNat, GivesEachIptablesEndpointItsShareOfTheRest) {
  NatService service = web();
  service.endpoints.emplace_back(*Ip::parse("10.244.2.4"), 8080);
  EXPECT_THAT(iptables_of({service}),
              AllOf(HasSubstr("--probability 0.3333333333"), HasSubstr("--probability 0.5000000000")));
}

TEST(KernelNat, SurroundsAServiceWithOthersOfItsFamily) {
  for (const char* first_ip : {"10.96.0.10", "fd00:96::10"}) {
    NatService first = web();
    first.cluster_ip = *Ip::parse(first_ip);
    const auto services = services_around(first, 4000, 20);
    ASSERT_EQ(services.size(), 4000U);
    EXPECT_EQ(services[0].name, first.name);
    std::set<Ip> cluster_ips;
    std::set<std::uint16_t> node_ports;
    for (const NatService& service : services) {
      EXPECT_EQ(service.cluster_ip.family(), first.cluster_ip.family());
      cluster_ips.insert(service.cluster_ip);
      if (service.node_port != 0) node_ports.insert(service.node_port);
      if (&service == services.data()) continue;
      EXPECT_EQ(std::set(service.endpoints.begin(), service.endpoints.end()).size(), 20U);
    }
    EXPECT_EQ(cluster_ips.size(), services.size());
    EXPECT_EQ(node_ports.size(), 2768U);
  }
}

}  // namespace
}  // namespace sp::bench
