// SPDX-License-Identifier: Apache-2.0
// Manifests that change under a running agent: how soon new flows follow, and what must not be disturbed.
//
// Each test has a service of its own. Reaction times are printed and not judged: a busy machine is no defect.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/harness/lab_environment.h"
#include "tests/harness/manifests.h"
#include "tests/harness/steady_load.h"

namespace sp::test {

LabShape lab_shape() {
  return {.nodes = 2, .clients = 1, .pods = 2};
}

Result<void> prepare(const Lab& lab, Agents& agents, IdentityServers& servers) {
  SP_TRY(servers.listen(lab, {"n1p1", "n1p2", "n2p1", "n2p2"}, 8080));
  return agents.start_all();
}

namespace {

using Names = std::set<std::string>;

class LiveChange : public LabTest {
 protected:
  // A service number for each test: its name, node port and file.
  static constexpr std::uint16_t kFirstNodePort = 30080;

  static std::string file(unsigned number) { return "web" + std::to_string(number) + ".yaml"; }

  static std::string web(unsigned number, const Names& pods) {
    ServiceSpec service{.name = "web" + std::to_string(number),
                        .number = number,
                        .node_port = static_cast<std::uint16_t>(kFirstNodePort + number)};
    for (const std::string& pod : pods) {
      service.backends.push_back(backend(lab(), pod));
    }
    return manifest(service);
  }

  static Endpoint door(unsigned number, Family family = Family::v4) {
    return lab().host("n1").at(family, static_cast<std::uint16_t>(kFirstNodePort + number));
  }

  // Who answers eight new connections; what went wrong is one of the names.
  static Names answering(unsigned number, Family family = Family::v4) {
    const Tally tally = ask_many({netns("c1")}, Transport::tcp, door(number, family), 8);
    Names names;
    for (const auto& [error, count] : tally.failures) {
      names.insert(error);
    }
    for (const auto& [identity, count] : tally.per_identity) {
      names.insert(identity);
    }
    return names;
  }

  // Long-lived connections to a service, and no new ones.
  static Result<std::unique_ptr<SteadyLoad>> hold_connections(unsigned number) {
    return SteadyLoad::start({.from = netns("c1"),
                              .targets = {door(number, Family::v4), door(number, Family::v6)},
                              .long_lived = 12,
                              .beat = Millis(20),
                              .new_interval = Millis(0)});
  }

  static void expect_undisturbed(SteadyLoad& load) {
    EXPECT_TRUE(ok(load.await_progress(0, 3, Millis(10000))));
    const SteadyLoad::Report report = load.stop();
    EXPECT_EQ(report.failed + report.reset, 0u) << report.text();
  }
};

TEST_F(LiveChange, IsInForceForTheNextNewFlow) {
  constexpr int kRounds = 20;
  ASSERT_TRUE(ok(agents().apply(file(1), web(1, {"n1p1"}))));
  std::vector<double> applied_ms;
  std::vector<double> flow_ms;
  const auto since = [](Clock::time_point start, Clock::time_point end) {
    return std::chrono::duration<double, std::milli>(end - start).count();
  };
  for (int round = 0; round < kRounds; ++round) {
    const std::string pod = round % 2 == 0 ? "n2p1" : "n1p2";
    const Family family = round % 4 < 2 ? Family::v4 : Family::v6;
    const std::size_t mark = agents().mark("n1");
    const auto renamed_at = agents().put("n1", file(1), web(1, {pod}));
    ASSERT_TRUE(ok(renamed_at));
    const auto applied = agents().await_log("n1", mark, {"agent: applied", "source=manifests"});
    ASSERT_TRUE(ok(applied));
    const auto reply = ask(netns("c1"), Transport::tcp, door(1, family));
    const auto answered_at = Clock::now();
    ASSERT_TRUE(ok(reply));
    EXPECT_EQ(reply->identity, pod);
    applied_ms.push_back(since(*renamed_at, applied->at));
    flow_ms.push_back(since(*renamed_at, answered_at));
  }
  std::sort(applied_ms.begin(), applied_ms.end());
  std::sort(flow_ms.begin(), flow_ms.end());
  std::printf("from rename() to the agent's `applied`: median %.1f ms, slowest %.1f ms of %d\n",
              applied_ms[kRounds / 2], applied_ms.back(), kRounds);
  std::printf("from rename() to the first new flow answered by the new backend: median %.1f ms, slowest %.1f ms\n",
              flow_ms[kRounds / 2], flow_ms.back());
}

TEST_F(LiveChange, LeavesEarlierConnectionsWhereTheyAre) {
  ASSERT_TRUE(ok(agents().apply(file(2), web(2, {"n1p1", "n2p1"}))));
  auto load = hold_connections(2);
  ASSERT_TRUE(ok(load));
  ASSERT_TRUE(ok(agents().apply(file(2), web(2, {"n1p2", "n2p2"}))));
  EXPECT_EQ(answering(2), (Names{"n1p2", "n2p2"}));
  EXPECT_EQ(answering(2, Family::v6), (Names{"n1p2", "n2p2"}));
  expect_undisturbed(**load);
}

TEST_F(LiveChange, ADeletedManifestClosesTheDoorForNewConnectionsOnly) {
  ASSERT_TRUE(ok(agents().apply(file(3), web(3, {"n1p1", "n2p1"}))));
  auto load = hold_connections(3);
  ASSERT_TRUE(ok(load));
  const std::size_t mark = agents().mark("n1");
  std::filesystem::remove(agents().manifest_dir("n1") / file(3));
  ASSERT_TRUE(ok(agents().await_log("n1", mark, {"agent: applied", "source=manifests"})));
  const auto reply = ask(netns("c1"), Transport::tcp, door(3));
  ASSERT_FALSE(reply) << reply->identity;
  EXPECT_EQ(reply.error().err, ECONNREFUSED) << reply.error().text();
  expect_undisturbed(**load);
}

TEST_F(LiveChange, AMalformedManifestIsNamedAndChangesNothing) {
  ASSERT_TRUE(ok(agents().apply(file(4), web(4, {"n1p1", "n2p2"}))));
  const Names in_force = {"n1p1", "n2p2"};
  std::string bad_port = web(4, in_force);
  bad_port.replace(bad_port.find("port: 80\n"), 9, "port: 70000\n");
  const std::vector<std::string> bad_texts = {
      "kind: Service\nmetadata: {name: web4\nspec: [\n",  // no YAML
      web(4, {"n2p1"}).substr(0, 120),                    // cut in the middle
      bad_port,                                           // one field of one object; the others are good
  };
  for (const std::string& text : bad_texts) {
    const std::size_t mark = agents().mark("n1");
    ASSERT_TRUE(ok(agents().put("n1", file(4), text)));
    const auto complaint = agents().await_log("n1", mark, {"source:", file(4)});
    ASSERT_TRUE(ok(complaint)) << text;
    std::printf("%s\n", complaint->text.c_str());
    EXPECT_EQ(answering(4), in_force) << text;
    EXPECT_EQ(answering(4, Family::v6), in_force) << text;
  }
  ASSERT_TRUE(ok(agents().apply(file(4), web(4, {"n1p2"}))));
  EXPECT_EQ(answering(4), Names{"n1p2"});
}

TEST_F(LiveChange, AFolderThatIsReplacedKeepsTheOldStateUntilTheNewOneIsThere) {
  ASSERT_TRUE(ok(agents().apply(file(5), web(5, {"n1p1"}))));
  const std::filesystem::path dir = agents().manifest_dir("n1");
  const std::filesystem::path aside = lab().scratch() / "aside";
  const std::size_t gone = agents().mark("n1");
  std::filesystem::rename(dir, aside);
  const auto complaint = agents().await_log("n1", gone, {"warn", "source:", dir.filename()});
  ASSERT_TRUE(ok(complaint));
  std::printf("%s\n", complaint->text.c_str());
  EXPECT_EQ(answering(5), Names{"n1p1"});

  const std::filesystem::path next = lab().scratch() / "next";
  std::filesystem::create_directories(next);
  std::ofstream(next / file(5)) << web(5, {"n2p2"});
  const std::size_t back = agents().mark("n1");
  std::filesystem::rename(next, dir);
  ASSERT_TRUE(ok(agents().await_log("n1", back, {"agent: applied", "source=manifests"})));
  EXPECT_EQ(answering(5), Names{"n2p2"});
}

TEST_F(LiveChange, AFolderThatIsDeletedWithItsFilesIsFollowedWhenItIsMadeAgain) {
  ASSERT_TRUE(ok(agents().apply(file(6), web(6, {"n1p1"}))));
  auto load = hold_connections(6);
  ASSERT_TRUE(ok(load));
  std::filesystem::remove_all(agents().manifest_dir("n1"));
  ASSERT_TRUE(ok(agents().put("n1", file(6), web(6, {"n2p1"}))));
  // Deletion and return may come as one change or as several.
  for (;;) {
    const std::size_t mark = agents().mark("n1");
    if (answering(6) == Names{"n2p1"}) {
      break;
    }
    ASSERT_TRUE(ok(agents().await_log("n1", mark, {"agent: applied", "source=manifests"})));
  }
  expect_undisturbed(**load);
}

}  // namespace
}  // namespace sp::test
