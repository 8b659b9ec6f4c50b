// SPDX-License-Identifier: Apache-2.0
// The harness against plain routing, client to Pod without any agent: what it counts must be true before it judges.
#include "tests/harness/lab_environment.h"
#include "tests/harness/steady_load.h"

namespace sp::test {

LabShape lab_shape() {
  return {.nodes = 2, .clients = 2, .pods = 1};
}

Result<void> prepare(const Lab& lab, Agents&, IdentityServers& servers) {
  return servers.listen(lab, {"n1p1", "n2p1"}, 8080);
}

namespace {

using Harness = FamilyTransportTest;

TEST_P(Harness, AsksAServerWhoItIsAndWhomItSees) {
  const auto [family, transport] = GetParam();
  for (const char* pod : {"n1p1", "n2p1"}) {
    const auto reply = ask(netns("c1"), transport, lab().host(pod).at(family, 8080));
    ASSERT_TRUE(ok(reply));
    EXPECT_EQ(reply->identity, pod);
    EXPECT_EQ(reply->seen_client, reply->own);
    EXPECT_EQ(reply->own.ip, lab().host("c1").ip(family));
  }
}

TEST_P(Harness, ReportsARefusedConnectionAsSuch) {
  const auto [family, transport] = GetParam();
  const auto reply = ask(netns("c1"), transport, lab().host("n1p1").at(family, 8081));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().err, ECONNREFUSED) << reply.error().text();
}

TEST_P(Harness, CountsEveryExchangeOnce) {
  const auto [family, transport] = GetParam();
  const std::vector<Place> clients = {netns("c1"), netns("c2")};
  Tally tally = ask_many(clients, transport, lab().host("n1p1").at(family, 8080), 50);
  tally.merge(ask_many(clients, transport, lab().host("n2p1").at(family, 8080), 20));
  tally.merge(ask_many(clients, transport, lab().host("n2p1").at(family, 8081), 5));
  EXPECT_EQ(tally.per_identity, (std::map<std::string, std::size_t>{{"n1p1", 100}, {"n2p1", 40}})) << tally.text();
  EXPECT_EQ(tally.failed(), 10u) << tally.text();
  EXPECT_EQ(tally.spread({"n1p1", "n2p1"}), 60u);
  EXPECT_EQ(tally.spread({"n1p1", "n2p1", "n3p1"}), 100u);
}

TEST_P(Harness, OpensSocketsInTheCgroupOfAPlace) {
  const auto [family, transport] = GetParam();
  const Host& pod = lab().host("n2p1");
  const Endpoint at = pod.at(family, 9092);
  ASSERT_TRUE(ok(servers().listen("confined", pod.place(), transport, at)));
  const auto sockets = lab().run("n2p1", {"ss", "--all", "--tcp", "--udp", "--cgroup", "sport", "=", ":9092"});
  ASSERT_TRUE(ok(sockets));
  EXPECT_NE(sockets->text.find("/n2/n2p1"), std::string::npos) << sockets->text;
  const auto reply = ask(lab().host("n1p1").place(), transport, at);
  ASSERT_TRUE(ok(reply));
  EXPECT_EQ(reply->own.ip, lab().host("n1p1").ip(family));
  ASSERT_TRUE(ok(servers().retire("confined", Millis(5000))));
}

TEST_P(Harness, TellsWhoASocketCallsItsPeer) {
  const auto [family, transport] = GetParam();
  const Endpoint at = lab().host("n1p1").at(family, 8080);
  for (const bool connected : {true, false}) {
    if (!connected && transport == Transport::tcp) {
      continue;
    }
    const Place from = netns("c1");
    const auto reply = ask({.from = from, .transport = transport, .target = at, .connected = connected});
    ASSERT_TRUE(ok(reply));
    EXPECT_EQ(reply->peers, std::set<Endpoint>{at});
    const Endpoint nobody = lab().host("n1p1").at(family, 8081);
    const auto refused = ask(
        {.from = from, .transport = transport, .target = nobody, .connected = connected, .hear_errors = !connected});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().err, ECONNREFUSED) << refused.error().text();
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Harness, every_family_and_transport(), family_and_transport_name);

using SteadyLoadTest = LabTest;

TEST_F(SteadyLoadTest, KeepsItsConnectionsAndOpensNewOnes) {
  auto load =
      SteadyLoad::start({.from = netns("c1"),
                         .targets = {lab().host("n1p1").at(Family::v4, 8080), lab().host("n2p1").at(Family::v6, 8080)},
                         .long_lived = 8});
  ASSERT_TRUE(ok(load));
  ASSERT_TRUE(ok((*load)->await_progress(50, 5, Millis(10000))));
  const auto report = (*load)->stop();
  EXPECT_GE(report.completed, 50u);
  EXPECT_GE(report.beats, 40u);
  EXPECT_EQ(report.failed + report.reset, 0u) << report.text();
  EXPECT_EQ(report.long_lived_identities, (std::set<std::string>{"n1p1", "n2p1"}));
}

// A server that ends while clients are connected, and a port that nobody listens on, must both show.
TEST_F(SteadyLoadTest, SeesConnectionsThatBreak) {
  auto mortal = IdentityServers::start();
  ASSERT_TRUE(ok(mortal));
  const Endpoint at = lab().host("n1p1").at(Family::v4, 9090);
  ASSERT_TRUE(ok((*mortal)->listen("mortal", netns("n1p1"), Transport::tcp, at)));
  auto load = SteadyLoad::start({.from = netns("c1"), .targets = {at}, .long_lived = 3});
  ASSERT_TRUE(ok(load));
  ASSERT_TRUE(ok((*load)->await_progress(5, 2, Millis(10000))));
  mortal->reset();
  ASSERT_FALSE((*load)->await_progress(1000000, 1, Millis(10000)));
  const auto report = (*load)->stop();
  EXPECT_GE(report.failed + report.reset, 3u) << report.text();
}

TEST_F(SteadyLoadTest, FollowsAServerThatRetires) {
  const Endpoint at = lab().host("n1p1").at(Family::v4, 9091);
  ASSERT_TRUE(ok(servers().listen("old", netns("n1p1"), Transport::tcp, at)));
  auto load = SteadyLoad::start({.from = netns("c1"), .targets = {at}, .long_lived = 3, .new_interval = Millis(0)});
  ASSERT_TRUE(ok(load));
  ASSERT_TRUE(ok(servers().listen("young", netns("n1p1"), Transport::tcp, at)));
  ASSERT_TRUE(ok(servers().retire("old", Millis(10000))));
  ASSERT_TRUE(ok((*load)->await_progress(0, 3, Millis(10000))));
  const auto report = (*load)->stop();
  EXPECT_EQ(report.farewells, 3u);
  EXPECT_EQ(report.failed + report.reset, 0u) << report.text();
  EXPECT_EQ(report.identities, (std::map<std::string, std::size_t>{{"old", 3}, {"young", 3}}));
}

TEST(ProcessTest, AwaitsALineAndTheEnd) {
  auto process = Process::spawn({.argv = {"sh", "-c", "echo one; echo two three >&2; exit 3"}});
  ASSERT_TRUE(ok(process));
  EXPECT_TRUE(ok(process->await_line(0, {"two", "three"}, Millis(5000))));
  EXPECT_FALSE(process->await_line(0, {"four"}, Millis(5000)));
  const auto code = process->await_exit(Millis(5000));
  ASSERT_TRUE(ok(code));
  EXPECT_EQ(*code, 3);
}

TEST(ProcessTest, TellsAKilledChild) {
  auto process = Process::spawn({.argv = {"sleep", "60"}});
  ASSERT_TRUE(ok(process));
  ASSERT_FALSE(process->await_exit(Millis(20)));
  ASSERT_TRUE(ok(process->signal(SIGKILL)));
  const auto code = process->await_exit(Millis(5000));
  ASSERT_TRUE(ok(code));
  EXPECT_EQ(*code, 128 + SIGKILL);
}

}  // namespace
}  // namespace sp::test
