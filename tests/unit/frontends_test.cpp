// SPDX-License-Identifier: Apache-2.0
// Frontends of Services: which addresses, which policy, who wins, who may come.
#include "loader/compile/frontends.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/cluster_builder.h"

namespace sp::compile {
namespace {

using model::TrafficPolicy;
using test::addr;
using test::at;
using test::backends_at;
using test::cluster_of;
using test::endpoint;
using test::service;
using test::slice;
using test::target;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kV4 = "default/web:http/TCP@v4";
constexpr const char* kLocal = "default/web:http/TCP@v4-local";

Output run(const model::Cluster& cluster, const Options& options = {}) {
  return compile(cluster, test::node_facts(), options);
}

// "web" with every kind of IPv4 frontend, one endpoint here and one elsewhere.
model::Service web() {
  model::Service out = service("web");
  out.cluster_ips = {addr("10.96.0.1")};
  out.external_ips = {addr("203.0.113.1")};
  out.ingress_ips = {addr("203.0.113.2")};
  out.ports[0].node_port = 30000;
  return out;
}

model::EndpointSlice here_and_there(const std::string& name = "web") {
  return slice(name, {endpoint("10.0.0.1", "n1"), endpoint("10.0.0.2", "n2")});
}

const Frontend kClusterIp = at("10.96.0.1", 80);
const Frontend kExternalIp = at("203.0.113.1", 80);
const Frontend kVip = at("203.0.113.2", 80);
const Frontend kNodePort = at("192.0.2.1", 30000);

TEST(Frontends, R023_EveryKindOfAddressLeadsToTheServiceWithoutBeingOnThisNode) {
  const Output out = run(cluster_of(web(), here_and_there()));
  for (const auto& frontend : {kClusterIp, kExternalIp, kVip, kNodePort}) {
    EXPECT_EQ(target(out, frontend), kV4);
  }
  EXPECT_EQ(test::frontends_for(out, SP_SCOPE_EXTERNAL), 5U) << "and the IPv6 nodePort";
  EXPECT_EQ(test::frontends_for(out, SP_SCOPE_POD), 5U);
  EXPECT_EQ(test::frontends_for(out, SP_SCOPE_HOST), 6U) << "and the nodePort at 127.0.0.1";
  EXPECT_EQ(out.desired.frontends.at(kClusterIp).kind, SP_KIND_CLUSTER_IP);
  EXPECT_EQ(out.desired.frontends.at(kExternalIp).kind, SP_KIND_EXTERNAL_IP);
  EXPECT_EQ(out.desired.frontends.at(kVip).kind, SP_KIND_LOAD_BALANCER);
  EXPECT_EQ(out.desired.frontends.at(kNodePort).kind, SP_KIND_NODE_PORT);
  EXPECT_EQ(out.desired.frontends.at(kNodePort).flags, SP_FRONTEND_NODE_ADDR);
  EXPECT_EQ(out.desired.frontends.at(kVip).flags, 0);
  EXPECT_THAT(backends_at(out, kNodePort), ElementsAre("10.0.0.1#8080 local", "10.0.0.2#8080"));
  EXPECT_THAT(out.problems, IsEmpty());
}

TEST(Frontends, VipThatIsAnAddressOfThisNodeIsMarkedSo) {
  model::Service here = web();
  here.ingress_ips = {addr("192.0.2.9")};
  EXPECT_EQ(run(cluster_of(here)).desired.frontends.at(at("192.0.2.9", 80)).flags, SP_FRONTEND_NODE_ADDR);
}

TEST(Frontends, R009_HeadlessExternalNameAndForeignServicesExposeNothing) {
  model::Service headless = web();
  headless.headless = true;
  model::Service external_name = web();
  external_name.type = model::ServiceType::external_name;
  model::Service foreign = web();
  foreign.foreign_proxy = true;
  for (const auto& object : {headless, external_name, foreign}) {
    Desired desired = run(cluster_of(object, here_and_there())).desired;
    if (object.foreign_proxy) {
      desired.networks = {};  // its ClusterIP is told, to be left alone: R002_R063_AnotherProxysClusterIpIsLeftAlone
      desired.service_ips = {};
    }
    EXPECT_EQ(desired, Desired{});
  }
}

TEST(Frontends, R011_FamilyThatTheServiceLacksHasNoFrontends) {
  model::Service v4_only = web();
  v4_only.ipv6 = false;
  EXPECT_EQ(target(run(cluster_of(v4_only)), at("2001:db8::1", 30000)), "none");
  model::Service v6_only = web();
  v6_only.ipv4 = false;
  const Output out = run(cluster_of(v6_only));
  EXPECT_EQ(test::frontends_for(out), 1U);
  EXPECT_EQ(out.desired.frontends.size(), 3U) << "one for each class of clients";
  EXPECT_EQ(target(out, at("2001:db8::1", 30000)), "default/web:http/TCP@v6");
}

TEST(Frontends, R021_FamiliesHaveTheirOwnEndpoints) {
  const Output out = run(cluster_of(web(), here_and_there()));
  EXPECT_THAT(backends_at(out, at("2001:db8::1", 30000)), IsEmpty());
}

TEST(Frontends, R026_ProtocolsWithOneNumberAreIndependent) {
  model::Service both = web();
  both.ports.push_back({"dns", Protocol::udp, 80, 30000, std::uint16_t{53}});
  const Output out = run(cluster_of(both));
  EXPECT_EQ(target(out, at("203.0.113.2", 80, Protocol::udp)), "default/web:dns/UDP@v4");
  EXPECT_EQ(target(out, at("192.0.2.1", 30000, Protocol::udp)), "default/web:dns/UDP@v4");
  EXPECT_THAT(out.problems, IsEmpty());
}

TEST(Frontends, R027_NoNodePortNumberMeansNoNodePort) {
  model::Service none = web();
  none.ports[0].node_port = 0;
  EXPECT_EQ(target(run(cluster_of(none)), kNodePort), "none");
}

TEST(Frontends, StandaloneServiceWithoutClusterIpHasItsOtherFrontends) {
  model::Service standalone = web();
  standalone.cluster_ips.clear();
  EXPECT_EQ(target(run(cluster_of(standalone)), kNodePort), kV4);
}

TEST(Frontends, R047_InternalPolicyLocalRestrictsTheClusterIpOnly) {
  model::Service object = web();
  object.internal_policy = TrafficPolicy::local;
  const Output out = run(cluster_of(object, here_and_there()));
  EXPECT_THAT(backends_at(out, kClusterIp), ElementsAre("10.0.0.1#8080 local"));
  EXPECT_THAT(backends_at(out, kVip), ElementsAre("10.0.0.1#8080 local", "10.0.0.2#8080"));
}

TEST(Frontends, R048_ExternalPolicyLocalRestrictsAllButTheClusterIp) {
  model::Service object = web();
  object.external_policy = TrafficPolicy::local;
  const Output out = run(cluster_of(object, here_and_there()));
  EXPECT_THAT(backends_at(out, kClusterIp), ElementsAre("10.0.0.1#8080 local", "10.0.0.2#8080"));
  for (const auto& frontend : {kExternalIp, kVip, kNodePort}) {
    EXPECT_EQ(target(out, frontend), kLocal);
  }
  EXPECT_THAT(backends_at(out, kVip), ElementsAre("10.0.0.1#8080 local"));
}

TEST(Frontends, ExternalPolicyOfAClusterIpServiceNeedsExternalIps) {
  model::Service object = web();
  object.type = model::ServiceType::cluster_ip;
  object.external_policy = TrafficPolicy::local;
  EXPECT_EQ(external_policy(object), TrafficPolicy::local);
  object.external_ips.clear();
  EXPECT_EQ(external_policy(object), TrafficPolicy::cluster);
}

TEST(Frontends, R029_ExternalIpsAreLeftOutWhereTheGateIsOff) {
  Options options;
  options.external_ips = false;
  const Output out = run(cluster_of(web(), here_and_there()), options);
  EXPECT_EQ(target(out, kExternalIp), "none");
  for (const auto& frontend : {kClusterIp, kVip, kNodePort}) {
    EXPECT_EQ(target(out, frontend), kV4);
  }
}

TEST(Frontends, NodePortOfAClusterIpServiceIsIgnoredAndNamed) {
  model::Service object = web();
  object.type = model::ServiceType::cluster_ip;
  const Output out = run(cluster_of(object));
  EXPECT_EQ(target(out, kNodePort), "none");
  ASSERT_EQ(out.problems.size(), 1U);
  EXPECT_THAT(out.problems[0].text, HasSubstr("spec.ports[0].nodePort: 30000/TCP"));
}

TEST(Frontends, R060_ServiceWithoutEndpointsHasAnEmptySetForEveryFrontend) {
  const Output out = run(cluster_of(web()));
  for (const auto& frontend : {kClusterIp, kExternalIp, kVip, kNodePort}) {
    EXPECT_THAT(backends_at(out, frontend), IsEmpty());
  }
  EXPECT_EQ(out.desired.services.at(kV4).flags, 0U);
}

TEST(Frontends, R061_R062_LocalPolicyWithEndpointsElsewhereOnlyDropsWhatItGoverns) {
  model::Service object = web();
  object.external_policy = TrafficPolicy::local;
  const Output out = run(cluster_of(object, slice("web", {endpoint("10.0.0.2", "n2")})));
  EXPECT_EQ(out.desired.services.at(kLocal).flags, SP_SERVICE_DROP_EMPTY);
  EXPECT_EQ(out.desired.services.at(kV4).flags, 0U);
}

TEST(Frontends, R072_FrontendsOfOnePolicyShareOneRowAndPortsDoNot) {
  model::Service object = web();
  object.affinity_timeout_s = 10800;
  object.ports.push_back({"admin", Protocol::tcp, 81, 0, std::uint16_t{8081}});
  const Output out = run(cluster_of(object, here_and_there()));
  EXPECT_EQ(target(out, kVip), target(out, kNodePort));
  EXPECT_EQ(target(out, kVip), target(out, kClusterIp));
  EXPECT_NE(target(out, kVip), target(out, at("203.0.113.2", 81)));
  EXPECT_EQ(out.desired.services.at(kV4).flags, SP_SERVICE_AFFINITY);
  EXPECT_EQ(out.desired.services.at(kV4).affinity_timeout_s, 10800U);
}

TEST(Frontends, R067_R068_SourceRangesRestrictTheLoadBalancerAddressOnly) {
  model::Service object = web();
  object.source_ranges = {*Prefix::parse("198.51.100.0/24")};
  const Output out = run(cluster_of(object));
  EXPECT_EQ(out.desired.frontends.at(kVip).flags, SP_FRONTEND_SOURCE_RANGES);
  for (const auto& frontend : {kClusterIp, kExternalIp, kNodePort}) {
    EXPECT_EQ(out.desired.frontends.at(frontend).flags & SP_FRONTEND_SOURCE_RANGES, 0);
  }
  EXPECT_THAT(out.desired.source_ranges.at(kV4), ElementsAre(*Prefix::parse("198.51.100.0/24")));
}

TEST(Frontends, R067_RangesHoldForAnAddressThatIsAnExternalIpToo) {
  model::Service object = web();
  object.source_ranges = {*Prefix::parse("198.51.100.0/24")};
  object.external_ips = object.ingress_ips;
  const Output out = run(cluster_of(object));
  EXPECT_EQ(out.desired.frontends.at(kVip).flags, SP_FRONTEND_SOURCE_RANGES);
  EXPECT_THAT(out.problems, IsEmpty());
}

TEST(Frontends, R069_WholeFamilyOrOnlyTheOtherFamilyMeansNoRestriction) {
  for (const char* range : {"0.0.0.0/0", "2001:db8::/32"}) {
    model::Service object = web();
    object.source_ranges = {*Prefix::parse(range)};
    if (std::string_view(range) == "0.0.0.0/0") {
      object.source_ranges.push_back(*Prefix::parse("198.51.100.0/24"));
    }
    const Output out = run(cluster_of(object));
    EXPECT_EQ(out.desired.frontends.at(kVip).flags, 0) << range;
    EXPECT_THAT(out.desired.source_ranges, IsEmpty()) << range;
  }
}

TEST(Frontends, R070_VipIsAnAllowedSourceWhenTheNodeIsOne) {
  model::Service object = web();
  object.source_ranges = {*Prefix::parse("192.0.2.0/24")};
  EXPECT_THAT(run(cluster_of(object)).desired.source_ranges.at(kV4),
              ElementsAre(*Prefix::parse("192.0.2.0/24"), *Prefix::parse("203.0.113.2/32")));
}

TEST(Frontends, R025_ServiceAddressBeatsANodePortOnTheSameAddressAndPort) {
  model::Service vip = service("vip");
  vip.external_ips = {addr("192.0.2.1")};
  vip.ports[0].port = 30000;
  const Output out = run(cluster_of(vip, web(), here_and_there()));
  EXPECT_EQ(target(out, kNodePort), "default/vip:http/TCP@v4");
  ASSERT_EQ(out.problems.size(), 1U);
  EXPECT_EQ(out.problems[0].object, "Service default/web");
}

TEST(Frontends, NobodyTakesAClusterIpByNamingItAsExternalIp) {
  model::Service thief = service("a-thief");
  thief.external_ips = {addr("10.96.0.1")};
  const Output out = run(cluster_of(thief, web()));
  EXPECT_EQ(target(out, kClusterIp), kV4);
  ASSERT_EQ(out.problems.size(), 1U);
  EXPECT_EQ(out.problems[0].object, "Service default/a-thief");
  EXPECT_THAT(out.problems[0].text, HasSubstr("spec.externalIPs: 10.96.0.1:80/TCP is taken by Service default/web"));
}

TEST(Frontends, SharedVipAndPortGoesToTheFirstByName) {
  model::Service other = service("b");
  other.ingress_ips = {addr("203.0.113.2")};
  const Output out = run(cluster_of(other, web()));
  EXPECT_EQ(target(out, kVip), "default/b:http/TCP@v4");
  ASSERT_EQ(out.problems.size(), 1U);
  EXPECT_THAT(out.problems[0].text, HasSubstr("the first by name wins"));
}

TEST(Frontends, DuplicateNodePortGoesToTheFirstByNameEvenWithoutEndpoints) {
  model::Service first = service("a");
  first.ports[0].node_port = 30000;
  const Output out = run(cluster_of(first, web(), here_and_there()));
  EXPECT_EQ(target(out, kNodePort), "default/a:http/TCP@v4");
  EXPECT_EQ(target(out, kVip), kV4) << "the loser keeps its other frontends";
  ASSERT_EQ(out.problems.size(), 1U);
  EXPECT_EQ(out.problems[0].object, "Service default/web");
  EXPECT_THAT(out.problems[0].text, HasSubstr("30000/TCP is taken by Service default/a"));
}

}  // namespace
}  // namespace sp::compile
