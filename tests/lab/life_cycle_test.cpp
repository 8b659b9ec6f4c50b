// SPDX-License-Identifier: Apache-2.0
// Nothing that happens to the agent loses a connection (I6): killed, stopped, replaced by another build, all under
// load.
#include <filesystem>

#include "tests/harness/manifests.h"
#include "tests/harness/under_load.h"

namespace sp::test {

namespace {

constexpr std::uint16_t kNodePort = 30080;
const std::vector<std::string> kBackends = {"n1p1", "n2p1", "n3p1"};

}  // namespace

LabShape lab_shape() {
  return {.nodes = 3, .clients = 2, .pods = 1};
}

Result<void> prepare(const Lab& lab, Agents& agents, IdentityServers& servers) {
  SP_TRY(servers.listen(lab, kBackends, 8080));
  ServiceSpec web{.name = "web", .node_port = kNodePort};
  for (const std::string& name : kBackends) {
    web.backends.push_back(backend(lab, name));
  }
  SP_TRY(agents.put_all("web.yaml", manifest(web)));
  return agents.start_all();
}

namespace {

// A third of the connections meets a Pod of the node itself.
class LifeCycle : public UnderLoad {
 protected:
  LifeCycle() : UnderLoad(kNodePort, kBackends.size()) {}
};

TEST_F(LifeCycle, KilledAgentsAreNotMissedAndComeBackUnnoticed) {
  for (const std::string& node : lab().nodes()) {
    ASSERT_TRUE(ok(agents().kill(node)));
  }
  progress();
  ASSERT_TRUE(ok(agents().start_all()));
  progress();
  for (const std::string& node : lab().nodes()) {
    ASSERT_TRUE(ok(agents().kill(node)));
    ASSERT_TRUE(ok(agents().start(node)));
  }
  progress();
}

TEST_F(LifeCycle, StoppedAgentsAreNotMissedAndComeBackUnnoticed) {
  ASSERT_TRUE(ok(agents().stop_all()));
  progress();
  ASSERT_TRUE(ok(agents().start_all()));
  progress();
}

TEST_F(LifeCycle, AnUpgradeAndTheWayBackGoUnnoticed) {
  const auto old_version = lab().run("c1", {kSallyport, "--version"});
  const auto new_version = lab().run("c1", {kSallyportUpgrade, "--version"});
  ASSERT_TRUE(ok(old_version));
  ASSERT_TRUE(ok(new_version));
  EXPECT_NE(old_version->text, new_version->text);
  for (const std::string& binary : {kSallyportUpgrade, kSallyport}) {
    for (const std::string& node : lab().nodes()) {
      ASSERT_TRUE(ok(agents().stop(node)));
      ASSERT_TRUE(ok(agents().start(node, binary)));
    }
    progress();
  }
}

TEST_F(LifeCycle, ASecondAgentOfTheSameNodeIsRefusedAndHurtsNothing) {
  const Host& node = lab().host("n1");
  const auto second = lab().run("n1", {kSallyport, "run", "--manifests", agents().manifest_dir("n1"), "--node", "n1",
                                       "--pin-path", node.pin_path});
  ASSERT_TRUE(ok(second));
  EXPECT_NE(second->exit_code, 0) << second->text;
  progress();
}

using Cleanup = LabTest;

// Runs last: afterwards the node has no agent.
TEST_F(Cleanup, LeavesNoPinNoLinkAndNoFilter) {
  for (const std::string& node : lab().nodes()) {
    ASSERT_TRUE(ok(agents().stop(node)));
    const auto cleanup = agents().cleanup(node);
    ASSERT_TRUE(ok(cleanup));
    EXPECT_EQ(cleanup->exit_code, 0) << cleanup->text;
    EXPECT_FALSE(std::filesystem::exists(lab().host(node).pin_path));
    const auto attached = lab().run(node, {"bpftool", "net", "show"});
    ASSERT_TRUE(ok(attached));
    EXPECT_EQ(attached->text.find("eth0"), std::string::npos) << attached->text;
    const auto qdiscs = lab().run(node, {"tc", "qdisc", "show", "dev", "eth0"});
    ASSERT_TRUE(ok(qdiscs));
    EXPECT_EQ(qdiscs->text.find("clsact"), std::string::npos) << qdiscs->text;
  }
  const auto reply = ask(netns("c1"), Transport::tcp, lab().host("n1").at(Family::v4, kNodePort));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().err, ECONNREFUSED) << reply.error().text();
}

TEST_F(Cleanup, OfACleanNodeIsNoError) {
  const auto cleanup = agents().cleanup("n2");
  ASSERT_TRUE(ok(cleanup));
  EXPECT_EQ(cleanup->exit_code, 0) << cleanup->text;
}

}  // namespace
}  // namespace sp::test
