// SPDX-License-Identifier: Apache-2.0
// UDP sockets that outlive their backend (I5, R-082 to R-085): none stays with it. Unconnected ones and those whose
// packets are translated move with the next datagram; connected ones that hooks translated are told by an error.
#include <cerrno>

#include "tests/harness/conversation.h"
#include "tests/harness/lab_environment.h"
#include "tests/harness/manifests.h"

namespace sp::test {

LabShape lab_shape() {
  return {.nodes = 2, .clients = 1, .pods = 2};
}

Result<void> prepare(const Lab& lab, Agents& agents, IdentityServers& servers) {
  SP_TRY(servers.listen(lab, {"n1p1", "n2p1"}, 8080));
  return agents.start_all();
}

namespace {

class Datagrams : public FamilyTest {
 protected:
  void SetUp() override { apply({"n1p1", "n2p1"}); }

  // An agent has nothing to apply when nothing changes.
  static void apply(const std::vector<std::string>& pods) {
    static std::vector<std::string> present;
    if (pods == present) {
      return;
    }
    present = pods;
    ServiceSpec spec{.name = "web", .node_port = 30080};
    for (const std::string& pod : pods) {
      spec.backends.push_back(backend(lab(), pod));
    }
    ASSERT_TRUE(ok(agents().apply("web.yaml", manifest(spec))));
  }

  static Endpoint cluster_ip() { return {GetParam() == Family::v4 ? "10.96.0.1" : "fd00:96::1", 80}; }
  static Endpoint node_port() { return lab().host("n1").at(GetParam(), 30080); }
  // A Pod and the node itself, with the node's hooks.
  static std::vector<Place> hooked() { return {lab().host("n1p2").place(), lab().host("n1").place()}; }

  // The Pod that answers, the same one each time.
  static std::string settled(const Conversation& conversation, const Endpoint& door) {
    std::string name;
    for (int i = 0; i < 3; ++i) {
      const auto reply = conversation.exchange();
      EXPECT_TRUE(ok(reply));
      if (!reply) {
        return "";
      }
      EXPECT_EQ(reply->peers, std::set<Endpoint>{door});
      EXPECT_TRUE(name.empty() || name == reply->identity);
      name = reply->identity;
    }
    return name;
  }
  static std::string other(const std::string& pod) { return pod == "n1p1" ? "n2p1" : "n1p1"; }

  // The old Pod's server goes on listening: only a socket that stayed would get an answer from it.
  static void expect_move(const Conversation& conversation, const Endpoint& door) {
    const std::string pod = settled(conversation, door);
    apply({other(pod)});
    EXPECT_EQ(settled(conversation, door), other(pod));
    apply({"n1p1", "n2p1"});
    EXPECT_EQ(settled(conversation, door), other(pod)) << "moved without need";
  }
};

TEST_P(Datagrams, UnconnectedSocketsMoveWithTheNextDatagram) {
  for (const Place& place : hooked()) {
    const auto conversation = Conversation::open(place, cluster_ip(), false);
    ASSERT_TRUE(ok(conversation));
    expect_move(*conversation, cluster_ip());
  }
}

TEST_P(Datagrams, ConnectedSocketsAreToldThatTheirBackendHasGone) {
  for (const Place& place : hooked()) {
    SetUp();
    const auto conversation = Conversation::open(place, cluster_ip(), true);
    ASSERT_TRUE(ok(conversation));
    const std::string pod = settled(*conversation, cluster_ip());
    apply({other(pod)});
    EXPECT_EQ(conversation->await_error(Millis(5000)).err, ECONNABORTED);
    const auto anew = Conversation::open(place, cluster_ip(), true);
    ASSERT_TRUE(ok(anew));
    EXPECT_EQ(settled(*anew, cluster_ip()), other(pod));
  }
}

TEST_P(Datagrams, ConnectedSocketsOfOtherBackendsAndServicesGoOn) {
  const auto first = Conversation::open(hooked().front(), cluster_ip(), true);
  const auto second = Conversation::open(hooked().front(), cluster_ip(), true);
  const auto direct = Conversation::open(hooked().front(), lab().host("n2p1").at(GetParam(), 8080), true);
  ASSERT_TRUE(ok(first));
  ASSERT_TRUE(ok(second));
  ASSERT_TRUE(ok(direct));
  const std::string pod = settled(*first, cluster_ip());
  ASSERT_EQ(settled(*second, cluster_ip()), other(pod));
  apply({other(pod)});
  EXPECT_EQ(first->await_error(Millis(5000)).err, ECONNABORTED);
  EXPECT_EQ(settled(*second, cluster_ip()), other(pod));
  EXPECT_EQ(settled(*direct, lab().host("n2p1").at(GetParam(), 8080)), "n2p1");
}

TEST_P(Datagrams, SocketsWithoutHooksMoveConnectedOrNot) {
  for (const bool connected : {true, false}) {
    const auto sandboxed = Conversation::open(netns("n1p2"), cluster_ip(), connected);
    ASSERT_TRUE(ok(sandboxed));
    expect_move(*sandboxed, cluster_ip());
    const auto outside = Conversation::open(netns("c1"), node_port(), connected);
    ASSERT_TRUE(ok(outside));
    expect_move(*outside, node_port());
  }
}

INSTANTIATE_TEST_SUITE_P(Lab, Datagrams, every_family(), family_name);

}  // namespace
}  // namespace sp::test
