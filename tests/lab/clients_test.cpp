// SPDX-License-Identifier: Apache-2.0
// Every client at every door under every policy: who answers, which source the answering Pod sees, and what the
// client's socket calls its peer. Real sockets against an agent on each node.
#include "tests/harness/clients.h"

namespace sp::test {

LabShape lab_shape() {
  return {.nodes = 2, .clients = 2, .pods = 3};
}

Result<void> prepare(const Lab& lab, Agents& agents, IdentityServers& servers) {
  return prepare_doors(lab, agents, servers);
}

namespace {

auto every_manner_of(std::initializer_list<Kind> kinds) {
  return ::testing::Combine(every_family(),
                            ::testing::Values(Manner::tcp, Manner::udp_connected, Manner::udp_unconnected),
                            ::testing::ValuesIn(kinds));
}

using EveryClient = Clients;

TEST_P(EveryClient, MeetsTheEndpointsThatThePolicyChooses) {
  for (const Service& service : every_service()) {
    SCOPED_TRACE("service " + std::to_string(service.number()));
    expect_truth(service);
  }
}

TEST_P(EveryClient, ReachesHostPortsOfBothNodes) {
  for (const auto& [node, pod] : {std::pair("n1", "n1p2"), std::pair("n2", "n2p1")}) {
    // A node does not reach its own without hooks: see doors().
    if (kind_ != Kind::hookless_host || self().name != node) {
      expect_answers({"hostPort", lab().host(node).at(family_, kHostPort), node}, {pod});
    }
  }
  if (kind_ == Kind::host) {
    expect_answers({"hostPort at loopback", {family_ == Family::v4 ? "127.0.0.1" : "::1", kHostPort}}, {"n1p2"});
  }
}

TEST_P(EveryClient, IsRefusedAtOnceByAServiceWithoutEndpoints) {
  for (const Door& door : doors(kEmpty)) {
    expect_refused(door);
  }
}

TEST_P(EveryClient, IsRefusedAtAPortThatTheClusterIpDoesNotHave) {
  expect_refused({"undefined port", {cluster_ip(family_, 1), kServicePort + 1}});
}

TEST_P(EveryClient, GetsNoAnswerFromAServiceAddressThatNobodyHas) {
  expect_silent({"unallocated", {cluster_ip(family_, 99), kServicePort}});
}

INSTANTIATE_TEST_SUITE_P(Lab, EveryClient,
                         every_manner_of({Kind::pod, Kind::sandboxed_pod, Kind::host, Kind::hookless_host,
                                          Kind::outside}),
                         Clients::name);

using PodClient = Clients;

// Itself on the socket path; through the node, with the node's address, on the packet path.
TEST_P(PodClient, ReachesItselfThroughItsService) {
  for (const Door& door : doors(kHairpin)) {
    if (door.node != "n1") {
      continue;
    }
    const auto reply = ask(question(door.at));
    ASSERT_TRUE(ok(reply)) << door.name;
    EXPECT_EQ(reply->identity, "n1p1");
    EXPECT_EQ(reply->seen_client.ip, (kind_ == Kind::pod ? self() : lab().host("n1")).ip(family_)) << door.name;
    EXPECT_EQ(reply->peers, std::set<Endpoint>{door.at});
  }
}

TEST_P(PodClient, KeepsTheAddressThatItBoundTo) {
  for (const std::string& source : {self().ip(family_), second_ip(family_)}) {
    for (int i = 0; i < 2; ++i) {
      Question asked = question({cluster_ip(family_, 3), kServicePort});
      asked.source_ip = source;
      const auto reply = ask(asked);
      ASSERT_TRUE(ok(reply)) << source;
      EXPECT_EQ(reply->seen_client, (Endpoint{source, reply->own.port})) << reply->identity;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Lab, PodClient, every_manner_of({Kind::pod, Kind::sandboxed_pod}), Clients::name);

using MappedClient = Clients;

// An IPv6 socket that dials ::ffff:a.b.c.d, as runtimes with one socket for both families do.
TEST_P(MappedClient, DialsIPv4FromAnIPv6Socket) {
  for (const Door& door : doors(3)) {
    SCOPED_TRACE(door.name);
    const Endpoint mapped{"::ffff:" + door.at.ip, door.at.port};
    std::set<std::string> members;
    for (int i = 0; i < 2; ++i) {
      const auto reply = ask(question(mapped));
      ASSERT_TRUE(ok(reply));
      members.insert(reply->identity);
      EXPECT_EQ(reply->peers, std::set<Endpoint>{mapped}) << reply->peers.begin()->text();
    }
    EXPECT_EQ(members, (std::set<std::string>{"n1p2", "n2p1"}));
  }
  expect_refused({"mapped", {"::ffff:" + cluster_ip(Family::v4, kEmpty), kServicePort}});
}

INSTANTIATE_TEST_SUITE_P(Lab, MappedClient,
                         ::testing::Combine(::testing::Values(Family::v4),
                                            ::testing::Values(Manner::tcp, Manner::udp_connected,
                                                              Manner::udp_unconnected),
                                            ::testing::Values(Kind::pod, Kind::sandboxed_pod, Kind::host)),
                         Clients::name);

// Nobody can tell Pods from others: they have to put up with what the policy says.
class UndetectedClient : public Clients {
 protected:
  UndetectedClient() : Clients(false) {}
};

TEST_P(UndetectedClient, MeetsTheEndpointsThatThePolicyChooses) {
  for (const Service& service : every_service()) {
    SCOPED_TRACE("service " + std::to_string(service.number()));
    expect_truth(service);
  }
}

INSTANTIATE_TEST_SUITE_P(Lab, UndetectedClient,
                         every_manner_of({Kind::pod, Kind::sandboxed_pod, Kind::host, Kind::outside}), Clients::name);

}  // namespace
}  // namespace sp::test
