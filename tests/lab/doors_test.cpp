// SPDX-License-Identifier: Apache-2.0
// Every door from outside, TCP and UDP, IPv4 and IPv6: who answers, and which client the answering Pod sees.
#include <cerrno>

#include "tests/harness/lab_environment.h"
#include "tests/harness/manifests.h"

namespace sp::test {

namespace {

constexpr std::uint16_t kWebPort = 30080;       // n1p1, n2p1, n3p1
constexpr std::uint16_t kLocalPort = 30081;     // n1p2 alone
constexpr std::uint16_t kHostNetPort = 30082;   // n1 and n2, Pods in the host's network
constexpr std::uint16_t kEmptyPort = 30083;     // nobody
constexpr std::uint16_t kHostPort = 8888;       // n1p1
constexpr std::uint16_t kOwnServerPort = 9999;  // no door: a server of n1 itself
const std::vector<std::string> kWebPods = {"n1p1", "n2p1", "n3p1"};

std::vector<std::string> pool(unsigned last) {
  return {pool_ip(Family::v4, last), pool_ip(Family::v6, last)};
}

}  // namespace

LabShape lab_shape() {
  return {.nodes = 3, .clients = 2, .pods = 2};
}

Result<void> prepare(const Lab& lab, Agents& agents, IdentityServers& servers) {
  SP_TRY(lab.run("c1", {"sysctl", "-qw", "net.ipv4.ping_group_range=0 0"}));
  SP_TRY(servers.listen(lab, {"n1p1", "n2p1", "n3p1", "n1p2"}, 8080));
  SP_TRY(servers.listen(lab, {"n1", "n2"}, 8086));
  SP_TRY(servers.listen(lab, {"n1", "c2"}, kOwnServerPort));
  ServiceSpec web{.name = "web", .number = 1, .node_port = kWebPort, .ingress = pool(236), .externals = pool(77)};
  for (const std::string& pod : kWebPods) {
    web.backends.push_back(backend(lab, pod));
  }
  const ServiceSpec local{.name = "local", .number = 2, .node_port = kLocalPort, .backends = {backend(lab, "n1p2")}};
  const ServiceSpec host_net{.name = "host-net",
                             .number = 3,
                             .target_port = 8086,
                             .node_port = kHostNetPort,
                             .backends = {backend(lab, "n1"), backend(lab, "n2")}};
  const ServiceSpec empty{.name = "empty", .number = 4, .port = 81, .node_port = kEmptyPort, .ingress = pool(240)};
  SP_TRY(agents.put_all("web.yaml", manifest(web)));
  SP_TRY(agents.put_all("local.yaml", manifest(local)));
  SP_TRY(agents.put_all("host-net.yaml", manifest(host_net)));
  SP_TRY(agents.put_all("empty.yaml", manifest(empty)));
  SP_TRY(agents.put_all("pod.yaml", manifest(HostPortSpec{.pod = backend(lab, "n1p1"), .host_port = kHostPort})));
  return agents.start_all();
}

namespace {

class Doors : public FamilyTransportTest {
 protected:
  void SetUp() override { std::tie(family_, transport_) = GetParam(); }

  [[nodiscard]] Endpoint at(const std::string& host, std::uint16_t port) const {
    return lab().host(host).at(family_, port);
  }
  [[nodiscard]] Result<Reply> ask_from(const std::string& client, const Endpoint& target) const {
    return ask(netns(client), transport_, target);
  }

  // Two rounds over the three web Pods: each answers twice.
  void expect_every_web_pod(const Endpoint& target) const {
    Tally tally;
    for (int i = 0; i < 6; ++i) {
      tally.add(ask_from("c1", target));
    }
    EXPECT_EQ(tally.per_identity, (std::map<std::string, std::size_t>{{"n1p1", 2}, {"n2p1", 2}, {"n3p1", 2}}))
        << target.text() << "\n"
        << tally.text();
    EXPECT_EQ(tally.failed(), 0u);
  }

  void expect_refused(const Endpoint& target) const {
    const auto reply = ask_from("c1", target);
    ASSERT_FALSE(reply) << target.text() << " answered as " << reply->identity;
    EXPECT_EQ(reply.error().err, ECONNREFUSED) << reply.error().text();
  }

  Family family_ = Family::v4;
  Transport transport_ = Transport::tcp;
};

TEST_P(Doors, NodePortOfEveryNodeReachesPodsOnEveryNode) {
  for (const std::string& node : lab().nodes()) {
    expect_every_web_pod(at(node, kWebPort));
  }
}

TEST_P(Doors, NodePortShowsALocalPodTheClientsAddressAndPort) {
  const auto reply = ask_from("c1", at("n1", kLocalPort));
  ASSERT_TRUE(ok(reply));
  EXPECT_EQ(reply->identity, "n1p2");
  EXPECT_EQ(reply->seen_client, reply->own);
}

TEST_P(Doors, NodePortShowsARemotePodTheNodesAddress) {
  const auto reply = ask_from("c1", at("n2", kLocalPort));
  ASSERT_TRUE(ok(reply));
  EXPECT_EQ(reply->identity, "n1p2");
  EXPECT_EQ(reply->seen_client.ip, lab().host("n2").ip(family_));
}

TEST_P(Doors, HostPortShowsItsPodTheClientsAddressAndPort) {
  for (const char* client : {"c1", "c2"}) {
    const auto reply = ask_from(client, at("n1", kHostPort));
    ASSERT_TRUE(ok(reply));
    EXPECT_EQ(reply->identity, "n1p1");
    EXPECT_EQ(reply->seen_client, reply->own);
    EXPECT_EQ(reply->own.ip, lab().host(client).ip(family_));
  }
}

TEST_P(Doors, HostPortIsOpenOnItsOwnNodeOnly) {
  expect_refused(at("n2", kHostPort));
}

// The router deals connections out to all nodes, each with a cursor of its own, so counts per Pod say nothing here.
TEST_P(Doors, LoadBalancerAddressAnswersOnEveryNode) {
  const Tally tally = ask_many({netns("c1"), netns("c2")}, transport_, {pool_ip(family_, 236), 80}, 30);
  EXPECT_EQ(tally.answered(), 60u) << tally.text();
  EXPECT_EQ(tally.per_identity.size(), 3u) << tally.text();
}

TEST_P(Doors, ExternalIpAnswersOnEveryNode) {
  const Tally tally = ask_many({netns("c1"), netns("c2")}, transport_, {pool_ip(family_, 77), 80}, 30);
  EXPECT_EQ(tally.answered(), 60u) << tally.text();
  EXPECT_EQ(tally.per_identity.size(), 3u) << tally.text();
}

TEST_P(Doors, HostNetworkPodsAnswerLocallyAndFromAnotherNode) {
  for (const std::string& node : lab().nodes()) {
    Tally tally;
    for (int i = 0; i < 4; ++i) {
      const auto reply = ask_from("c1", at(node, kHostNetPort));
      tally.add(reply);
      if (reply && reply->identity == node) {
        EXPECT_EQ(reply->seen_client, reply->own);
      }
    }
    EXPECT_EQ(tally.per_identity, (std::map<std::string, std::size_t>{{"n1", 2}, {"n2", 2}})) << node << tally.text();
  }
}

TEST_P(Doors, HostNetworkPodStaysReachableOnItsOwnPort) {
  const auto reply = ask_from("c1", at("n1", 8086));
  ASSERT_TRUE(ok(reply));
  EXPECT_EQ(reply->identity, "n1");
  EXPECT_EQ(reply->seen_client, reply->own);
}

TEST_P(Doors, AServiceWithoutBackendsRefusesAtOnce) {
  expect_refused(at("n1", kEmptyPort));
  expect_refused({pool_ip(family_, 240), 81});
}

TEST_P(Doors, LeavesTrafficAloneThatIsNotForAService) {
  const auto to_node = ask_from("c1", at("n1", kOwnServerPort));
  ASSERT_TRUE(ok(to_node));
  EXPECT_EQ(to_node->seen_client, to_node->own);
  const auto to_pod = ask_from("c1", at("n2p2", 8080));
  ASSERT_FALSE(to_pod);
  EXPECT_EQ(to_pod.error().err, ECONNREFUSED) << to_pod.error().text();
  const auto routed = ask_from("c1", at("n2p1", 8080));
  ASSERT_TRUE(ok(routed));
  EXPECT_EQ(routed->seen_client, routed->own);
  expect_refused(at("n1", 30999));
}

TEST_P(Doors, LetsNodesAndPodsCallOut) {
  for (const char* caller : {"n1", "n1p1", "n2p2"}) {
    const auto reply = ask_from(caller, at("c2", kOwnServerPort));
    ASSERT_TRUE(ok(reply)) << caller;
    EXPECT_EQ(reply->seen_client, reply->own) << caller;
  }
}

INSTANTIATE_TEST_SUITE_P(Lab, Doors, every_family_and_transport(), family_and_transport_name);

using Ping = FamilyTest;

TEST_P(Ping, IsAnsweredByNodesAndPods) {
  for (const char* host : {"n1", "n3", "n2p1"}) {
    EXPECT_TRUE(ok(ping(netns("c1"), lab().host(host).ip(GetParam()))));
  }
}

INSTANTIATE_TEST_SUITE_P(Lab, Ping, every_family(), family_name);

}  // namespace
}  // namespace sp::test
