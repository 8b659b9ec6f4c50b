// SPDX-License-Identifier: Apache-2.0
// Source classes: what every class of clients has of each frontend besides its endpoints.
#include "loader/compile/source_class.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/cluster_builder.h"

namespace sp::compile {
namespace {

using model::TrafficPolicy;
using test::addr;
using test::at;
using test::seen_by;
using test::target;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Frontend kClusterIp = at("10.96.0.1", 80);
const Frontend kExternalIp = at("203.0.113.1", 80);
const Frontend kVip = at("203.0.113.2", 80);
const Frontend kNodePort = at("192.0.2.1", 30000);
const Frontend kLoopback = seen_by(SP_SCOPE_HOST, at("127.0.0.1", 30000));
constexpr const char* kAll = "default/web:http/TCP@v4";
constexpr const char* kLocal = "default/web:http/TCP@v4-local";

class SourceClass : public testing::Test {
 protected:
  SourceClass() : web_(test::service("web")) {
    web_.cluster_ips = {addr("10.96.0.1")};
    web_.external_ips = {addr("203.0.113.1")};
    web_.ingress_ips = {addr("203.0.113.2")};
    web_.ports[0].node_port = 30000;
  }
  Output run() {
    return compile(
        test::cluster_of(web_, test::slice("web", {test::endpoint("10.1.0.1", "n1"), test::endpoint("10.1.0.2")})),
        test::node_facts(), options_);
  }
  static unsigned flags(const Output& out, const Frontend& frontend) {
    return out.desired.frontends.at(frontend).flags;
  }

  model::Service web_;
  Options options_;
};

TEST_F(SourceClass, R024_R079_EveryFrontendAnswersTheOutsidePodsAndTheNode) {
  const Output out = run();
  for (const Frontend& frontend : {kClusterIp, kExternalIp, kVip, kNodePort}) {
    for (const sp_scope client : kSourceClasses) {
      EXPECT_EQ(target(out, seen_by(client, frontend)), kAll);
    }
  }
}

TEST_F(SourceClass, R072_ClassesOfClientsShareOneRowAndWithItAffinity) {
  web_.affinity_timeout_s = 10;
  const Output out = run();
  EXPECT_EQ(target(out, seen_by(SP_SCOPE_POD, kClusterIp)), target(out, kNodePort));
  EXPECT_EQ(out.desired.services.size(), 2U) << "one of each family";
}

TEST_F(SourceClass, R050_R058_PodsFollowTheExternalPolicyUnlessADetectorIsConfigured) {
  web_.external_policy = TrafficPolicy::local;
  for (const auto& [mode, row] :
       {std::pair(Options::DetectLocal::none, kLocal), std::pair(Options::DetectLocal::cluster_cidr, kAll),
        std::pair(Options::DetectLocal::node_cidr, kAll), std::pair(Options::DetectLocal::devices, kAll)}) {
    options_.detect_local = mode;
    const Output out = run();
    EXPECT_EQ(target(out, seen_by(SP_SCOPE_POD, kVip)), row);
    EXPECT_EQ(target(out, seen_by(SP_SCOPE_HOST, kVip)), kAll) << "processes of the node need no detector";
    EXPECT_EQ(target(out, kVip), kLocal);
  }
}

TEST_F(SourceClass, R053_R054_PodsKeepTheirSourceUnlessEverythingIsMasqueraded) {
  EXPECT_EQ(flags(run(), seen_by(SP_SCOPE_POD, kClusterIp)), SP_FRONTEND_KEEP_SOURCE);
  EXPECT_EQ(flags(run(), kClusterIp), 0U);
  options_.masquerade_all = true;
  const Output out = run();
  EXPECT_EQ(flags(out, seen_by(SP_SCOPE_POD, kClusterIp)), SP_FRONTEND_PACKETS) << "a socket cannot change its source";
  EXPECT_EQ(flags(out, seen_by(SP_SCOPE_HOST, kClusterIp)), SP_FRONTEND_KEEP_SOURCE) << "it is the node's already";
  EXPECT_EQ(flags(out, seen_by(SP_SCOPE_POD, kVip)), SP_FRONTEND_KEEP_SOURCE);
}

TEST_F(SourceClass, R067_RangesConcernPodsAndTheNodeToo) {
  web_.source_ranges = {*Prefix::parse("198.51.100.0/24")};
  const Output out = run();
  constexpr unsigned kByPacket = SP_FRONTEND_SOURCE_RANGES | SP_FRONTEND_PACKETS | SP_FRONTEND_KEEP_SOURCE;
  EXPECT_EQ(flags(out, kVip), SP_FRONTEND_SOURCE_RANGES);
  EXPECT_EQ(flags(out, seen_by(SP_SCOPE_POD, kVip)), kByPacket);
  EXPECT_EQ(flags(out, seen_by(SP_SCOPE_HOST, kVip)), kByPacket);
}

TEST_F(SourceClass, R068_OtherFrontendsHaveNoRangesForAnybody) {
  web_.source_ranges = {*Prefix::parse("198.51.100.0/24")};
  const Output out = run();
  for (const Frontend& frontend : {kClusterIp, kExternalIp, kNodePort}) {
    for (const sp_scope client : kSourceClasses) {
      EXPECT_EQ(flags(out, seen_by(client, frontend)) & (SP_FRONTEND_SOURCE_RANGES | SP_FRONTEND_PACKETS), 0U);
    }
  }
}

TEST_F(SourceClass, R067_EveryRowThatAVipLeadsToHasTheRanges) {
  web_.source_ranges = {*Prefix::parse("198.51.100.0/24")};
  web_.external_policy = TrafficPolicy::local;
  options_.detect_local = Options::DetectLocal::devices;
  const Output out = run();
  EXPECT_THAT(out.desired.source_ranges.at(kAll), ElementsAre(*Prefix::parse("198.51.100.0/24")));
  EXPECT_THAT(out.desired.source_ranges.at(kLocal), ElementsAre(*Prefix::parse("198.51.100.0/24")));
}

TEST_F(SourceClass, R069_WholeFamilyOrOnlyTheOtherFamilyRestrictsNobody) {
  for (const char* range : {"0.0.0.0/0", "2001:db8::/32"}) {
    web_.source_ranges = {*Prefix::parse(range)};
    for (const sp_scope client : kSourceClasses) {
      EXPECT_EQ(flags(run(), seen_by(client, kVip)) & SP_FRONTEND_SOURCE_RANGES, 0U);
    }
  }
}

TEST_F(SourceClass, R070_NodeInsideARangeNeedsNoLookAtItsPackets) {
  web_.source_ranges = {*Prefix::parse("192.0.2.0/24")};
  const Output out = run();
  EXPECT_EQ(flags(out, seen_by(SP_SCOPE_HOST, kVip)), SP_FRONTEND_KEEP_SOURCE);
  EXPECT_NE(flags(out, seen_by(SP_SCOPE_POD, kVip)) & SP_FRONTEND_SOURCE_RANGES, 0U);
}

TEST_F(SourceClass, R080_LoopbackNodePortsAreForProcessesOfTheNodeAndIpv4Only) {
  const Output out = run();
  EXPECT_EQ(target(out, kLoopback), kAll);
  EXPECT_EQ(flags(out, kLoopback), SP_FRONTEND_NODE_ADDR | SP_FRONTEND_KEEP_SOURCE);
  EXPECT_EQ(target(out, seen_by(SP_SCOPE_POD, kLoopback)), "none");
  EXPECT_EQ(target(out, seen_by(SP_SCOPE_EXTERNAL, kLoopback)), "none");
  EXPECT_EQ(target(out, seen_by(SP_SCOPE_HOST, at("::1", 30000))), "none");
}

TEST_F(SourceClass, R080_LoopbackNodePortsFollowTheOptionAndTheAcceptedRanges) {
  options_.node_port_addresses = {*Prefix::parse("192.0.2.0/24")};
  EXPECT_EQ(target(run(), kLoopback), "none");
  options_.node_port_addresses = {*Prefix::parse("127.0.0.0/8")};
  EXPECT_EQ(target(run(), kLoopback), kAll);
  EXPECT_EQ(target(run(), kNodePort), "none");
  options_.node_port_addresses = {*Prefix::parse("0.0.0.0/0")};
  EXPECT_EQ(target(run(), kLoopback), kAll);
  options_.localhost_node_ports = false;
  EXPECT_EQ(target(run(), kLoopback), "none");
  options_.node_port_addresses.clear();
  EXPECT_EQ(target(run(), kLoopback), "none");
}

TEST_F(SourceClass, R078_FamilyWithoutARangeIsClosedForEverybody) {
  options_.node_port_addresses = {*Prefix::parse("192.0.2.0/24")};
  const Output out = run();
  for (const sp_scope client : kSourceClasses) {
    EXPECT_EQ(target(out, seen_by(client, at("2001:db8::1", 30000))), "none");
  }
}

class HostPortClass : public testing::Test {
 protected:
  static Output run(std::optional<std::string> host_ip, std::vector<model::Service> services = {}) {
    const model::ContainerPort port{"http", Protocol::tcp, 80, 8086, host_ip ? Ip::parse(*host_ip) : std::nullopt};
    model::Cluster cluster = test::cluster_of(test::pod("a", {"10.1.0.1", "fd01::1"}, {port}));
    for (model::Service& service : services) {
      test::put(cluster, std::move(service));
    }
    test::put(cluster, test::slice("web", {test::endpoint("10.1.0.2")}));
    return compile(cluster, test::node_facts(), {});
  }
  static bool open(const Output& out, sp_scope client, std::string_view address) {
    return target(out, seen_by(client, at(address, 8086))) != "none";
  }
};

TEST_F(HostPortClass, R092_EveryClassOfClientsReachesTheNodesAddresses) {
  const Output out = run({});
  for (const sp_scope client : kSourceClasses) {
    for (const char* address : {"192.0.2.1", "192.0.2.9", "2001:db8::1"}) {
      EXPECT_TRUE(open(out, client, address)) << address;
    }
  }
}

TEST_F(HostPortClass, R092_LoopbackIsForProcessesOfTheNodeInBothFamilies) {
  const Output out = run({});
  for (const char* address : {"127.0.0.1", "::1"}) {
    EXPECT_TRUE(open(out, SP_SCOPE_HOST, address)) << address;
    EXPECT_FALSE(open(out, SP_SCOPE_POD, address)) << address;
    EXPECT_FALSE(open(out, SP_SCOPE_EXTERNAL, address)) << address;
  }
  EXPECT_FALSE(open(run("0.0.0.0"), SP_SCOPE_HOST, "::1"));
  EXPECT_FALSE(open(run("::"), SP_SCOPE_HOST, "127.0.0.1"));
  EXPECT_TRUE(open(run("127.0.0.2"), SP_SCOPE_HOST, "127.0.0.2"));
  EXPECT_FALSE(open(run("192.0.2.9"), SP_SCOPE_HOST, "127.0.0.1"));
}

TEST_F(HostPortClass, R093_ClientsInsideKeepTheirSource) {
  const Output out = run({});
  const auto flags = [&](sp_scope client) {
    return out.desired.frontends.at(seen_by(client, at("192.0.2.1", 8086))).flags;
  };
  EXPECT_EQ(flags(SP_SCOPE_POD), SP_FRONTEND_NODE_ADDR | SP_FRONTEND_KEEP_SOURCE);
  EXPECT_EQ(flags(SP_SCOPE_HOST), SP_FRONTEND_NODE_ADDR | SP_FRONTEND_KEEP_SOURCE);
  EXPECT_EQ(flags(SP_SCOPE_EXTERNAL), SP_FRONTEND_NODE_ADDR) << "the Pod is on this node, and sees the client";
}

TEST_F(HostPortClass, R025_R099_NodePortWithoutEndpointsForAClassYieldsToAHostPortForThatClass) {
  model::Service web = test::service("web");
  web.ports[0].node_port = 8086;
  web.external_policy = TrafficPolicy::local;
  const Output out = run({}, {web});
  EXPECT_THAT(target(out, at("192.0.2.1", 8086)), HasSubstr("hostport:"));
  EXPECT_EQ(target(out, seen_by(SP_SCOPE_HOST, at("192.0.2.1", 8086))), kAll);
  EXPECT_EQ(target(out, seen_by(SP_SCOPE_HOST, at("127.0.0.1", 8086))), kAll);
  EXPECT_THAT(target(out, seen_by(SP_SCOPE_HOST, at("::1", 8086))), HasSubstr("hostport:"));
}

}  // namespace
}  // namespace sp::compile
