// SPDX-License-Identifier: Apache-2.0
// hostPort: which addresses lead to which Pod.
#include "loader/compile/host_port.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/cluster_builder.h"

namespace sp::compile {
namespace {

using test::addr;
using test::at;
using test::cluster_of;
using test::pod;
using test::target;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Output run(const model::Cluster& cluster) {
  return compile(cluster, test::node_facts(), {});
}

model::ContainerPort port(std::optional<Ip> host_ip = {}, Protocol protocol = Protocol::tcp) {
  return {"http", protocol, 80, 8086, host_ip};
}

constexpr const char* kV4 = "hostport:default/a:8086/TCP@v4";
constexpr const char* kV6 = "hostport:default/a:8086/TCP@v6";

TEST(HostPort, R091_NoHostIpMeansEveryAddressOfBothFamiliesButLoopback) {
  const Output out = run(cluster_of(pod("a", {"10.0.0.1", "2001:db8:1::1"}, {port()})));
  EXPECT_EQ(test::frontends_for(out), 3U);
  EXPECT_EQ(target(out, at("192.0.2.1", 8086)), kV4);
  EXPECT_EQ(target(out, at("192.0.2.9", 8086)), kV4);
  EXPECT_EQ(target(out, at("2001:db8::1", 8086)), kV6);
  EXPECT_THAT(test::backends_at(out, at("192.0.2.9", 8086)), ElementsAre("10.0.0.1#80 local"));
  EXPECT_THAT(test::backends_at(out, at("2001:db8::1", 8086)), ElementsAre("2001:db8:1::1#80 local"));
  const FrontendRow& row = out.desired.frontends.at(at("192.0.2.1", 8086));
  EXPECT_EQ(row.kind, SP_KIND_HOST_PORT);
  EXPECT_EQ(row.flags, SP_FRONTEND_NODE_ADDR);
  EXPECT_THAT(out.problems, IsEmpty());
}

TEST(HostPort, R091_UnspecifiedHostIpMeansEveryAddressOfItsFamilyOnly) {
  const auto with = [](std::string_view host_ip) {
    return run(cluster_of(pod("a", {"10.0.0.1", "2001:db8:1::1"}, {port(addr(host_ip))})));
  };
  EXPECT_EQ(target(with("0.0.0.0"), at("192.0.2.9", 8086)), kV4);
  EXPECT_EQ(target(with("0.0.0.0"), at("2001:db8::1", 8086)), "none");
  EXPECT_EQ(target(with("::"), at("192.0.2.1", 8086)), "none");
  EXPECT_EQ(target(with("::"), at("2001:db8::1", 8086)), kV6);
}

TEST(HostPort, R091_ExactHostIpMeansThatAddressOnly) {
  const Output out = run(cluster_of(pod("a", {"10.0.0.1", "2001:db8:1::1"}, {port(addr("192.0.2.9"))})));
  EXPECT_EQ(out.desired.frontends.size(), 3U) << "one for each class of clients";
  EXPECT_EQ(test::frontends_for(out), 1U);
  EXPECT_EQ(target(out, at("192.0.2.9", 8086)), "hostport:default/a:192.0.2.9:8086/TCP@v4");
}

TEST(HostPort, R091_LoopbackHostIpIsNotForTheOutside) {
  const Output out = run(cluster_of(pod("a", {"10.0.0.1"}, {port(addr("127.0.0.1"))})));
  EXPECT_EQ(out.desired.frontends.size(), 1U);
  EXPECT_EQ(target(out, test::seen_by(SP_SCOPE_HOST, at("127.0.0.1", 8086))),
            "hostport:default/a:127.0.0.1:8086/TCP@v4");
  EXPECT_THAT(out.problems, IsEmpty());
}

TEST(HostPort, R091_HostIpThatTheNodeLacksMatchesNothingAndIsNamed) {
  const Output out = run(cluster_of(pod("a", {"10.0.0.1"}, {port(addr("198.51.100.7"))})));
  EXPECT_THAT(out.desired.frontends, IsEmpty());
  ASSERT_EQ(out.problems.size(), 1U);
  EXPECT_EQ(out.problems[0].object, "Pod default/a");
  EXPECT_THAT(out.problems[0].text, HasSubstr("198.51.100.7:8086/TCP"));
}

TEST(HostPort, R091_ProtocolsWithOneNumberAreIndependent) {
  const Output out =
      run(cluster_of(pod("a", {"10.0.0.1"}, {port()}), pod("b", {"10.0.0.2"}, {port({}, Protocol::udp)})));
  EXPECT_EQ(target(out, at("192.0.2.1", 8086)), kV4);
  EXPECT_EQ(target(out, at("192.0.2.1", 8086, Protocol::udp)), "hostport:default/b:8086/UDP@v4");
  EXPECT_THAT(out.problems, IsEmpty());
}

TEST(HostPort, R095_HostIpBeatsWildcardEvenOfAnOlderPodAndTheLoserIsNamed) {
  model::Pod old = pod("a", {"10.0.0.1"}, {port()});
  old.created_s = 100;
  model::Pod exact = pod("b", {"10.0.0.2"}, {port(addr("192.0.2.9"))});
  exact.created_s = 200;
  const Output out = run(cluster_of(old, exact));
  EXPECT_EQ(target(out, at("192.0.2.9", 8086)), "hostport:default/b:192.0.2.9:8086/TCP@v4");
  EXPECT_EQ(target(out, at("192.0.2.1", 8086)), kV4);
  ASSERT_EQ(out.problems.size(), 1U);
  EXPECT_EQ(out.problems[0].object, "Pod default/a");
  EXPECT_THAT(out.problems[0].text, HasSubstr("192.0.2.9:8086/TCP is taken by Pod default/b"));
}

TEST(HostPort, R095_OldestPodWinsThenTheFirstByName) {
  model::Pod first = pod("a", {"10.0.0.1"}, {port()});
  model::Pod second = pod("b", {"10.0.0.2"}, {port()});
  EXPECT_EQ(target(run(cluster_of(first, second)), at("192.0.2.1", 8086)), kV4);
  second.created_s = 200;
  EXPECT_EQ(target(run(cluster_of(first, second)), at("192.0.2.1", 8086)), "hostport:default/b:8086/TCP@v4")
      << "an unknown age counts as youngest";
  first.created_s = 100;
  const Output out = run(cluster_of(first, second));
  EXPECT_EQ(target(out, at("192.0.2.1", 8086)), kV4);
  EXPECT_FALSE(out.desired.services.contains("hostport:default/b:8086/TCP@v4")) << "a row that nothing points to";
  EXPECT_EQ(out.problems.size(), 3U) << "one for each address, 127.0.0.1 among them";
}

TEST(HostPort, R097_HostNetworkPodsAndOtherNodesPodsAreSkipped) {
  model::Pod host = pod("a", {"192.0.2.1"}, {port()});
  host.host_network = true;
  model::Pod elsewhere = pod("b", {"10.0.0.2"}, {port()});
  elsewhere.node_name = "n2";
  EXPECT_THAT(run(cluster_of(host, elsewhere)).desired.frontends, IsEmpty());
}

TEST(HostPort, R094_EndedPodMakesRoomForTheOneThatHasItsAddressNow) {
  model::Pod ended = pod("a", {"10.0.0.1"}, {port()});
  ended.phase = model::PodPhase::failed;
  const Output out = run(cluster_of(ended, pod("b", {"10.0.0.1"}, {port()})));
  EXPECT_EQ(target(out, at("192.0.2.1", 8086)), "hostport:default/b:8086/TCP@v4");
  EXPECT_THAT(out.problems, IsEmpty());
}

TEST(HostPort, R094_TerminatingPodLosesItsPortWithItsAddress) {
  model::Pod ending = pod("a", {"10.0.0.1", "2001:db8:1::1"}, {port()});
  ending.terminating = true;
  EXPECT_EQ(target(run(cluster_of(ending)), at("192.0.2.1", 8086)), kV4) << "it may still serve";
  const Output out = run(cluster_of(ending, pod("b", {"10.0.0.1"}, {})));
  EXPECT_EQ(target(out, at("192.0.2.1", 8086)), "none") << "the address is another Pod's now";
  EXPECT_EQ(target(out, at("2001:db8::1", 8086)), kV6);
  model::Pod elsewhere = pod("b", {"10.0.0.1"}, {});
  elsewhere.node_name = "n2";
  EXPECT_EQ(target(run(cluster_of(ending, elsewhere)), at("192.0.2.1", 8086)), kV4);
}

TEST(HostPort, R094_PodNeedsAnAddressButNotReadiness) {
  model::Pod waiting = pod("a", {"10.0.0.1"}, {port()});
  waiting.ready = false;
  waiting.phase = model::PodPhase::pending;
  EXPECT_EQ(target(run(cluster_of(waiting)), at("192.0.2.1", 8086)), kV4);
  waiting.ips.clear();
  EXPECT_THAT(run(cluster_of(waiting)).desired.frontends, IsEmpty());
}

class HostPortAndNodePort : public testing::Test {
 protected:
  Output with(std::vector<model::Endpoint> endpoints) {
    model::Service web = test::service("web");
    web.type = model::ServiceType::node_port;
    web.ports[0].node_port = 8086;
    web.external_policy = model::TrafficPolicy::local;
    return run(cluster_of(web, test::slice("web", std::move(endpoints)), pod("a", {"10.0.0.1"}, {port()})));
  }
};

TEST_F(HostPortAndNodePort, R099_NodePortWithBackendsWinsOnItsAddresses) {
  const Output out = with({test::endpoint("10.0.0.5", "n1")});
  EXPECT_EQ(target(out, at("192.0.2.1", 8086)), "default/web:http/TCP@v4-local");
  EXPECT_EQ(target(out, at("192.0.2.9", 8086)), kV4) << "the nodePort answers on the primary address only";
  ASSERT_EQ(out.problems.size(), 2U);
  EXPECT_THAT(out.problems[0].text, HasSubstr("127.0.0.1:8086/TCP is taken by Service default/web"));
  EXPECT_THAT(out.problems[1].text, HasSubstr("192.0.2.1:8086/TCP is taken by Service default/web"));
}

TEST_F(HostPortAndNodePort, R099_NodePortWithoutBackendsYields) {
  EXPECT_EQ(target(with({}), at("192.0.2.1", 8086)), kV4);
  EXPECT_EQ(target(with({test::endpoint("10.0.0.5", "n2")}), at("192.0.2.1", 8086)), kV4);
}

TEST(HostPort, R099_ServiceAddressIsNeverShadowedEvenWithoutBackends) {
  model::Service web = test::service("web");
  web.external_ips = {addr("192.0.2.9")};
  web.ports[0].port = 8086;
  const Output out = run(cluster_of(web, pod("a", {"10.0.0.1"}, {port(addr("192.0.2.9"))})));
  EXPECT_EQ(target(out, at("192.0.2.9", 8086)), "default/web:http/TCP@v4");
}

}  // namespace
}  // namespace sp::compile
