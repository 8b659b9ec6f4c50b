// SPDX-License-Identifier: Apache-2.0
// A cluster whose objects come from an API server: neither its end nor the agents', in any order, loses anything (I6,
//
#include <fstream>
#include <map>
#include <set>

#include "tests/harness/lab_api.h"
#include "tests/harness/under_load.h"

namespace sp::test {

namespace {

constexpr std::uint16_t kNodePort = 30080;
constexpr std::uint16_t kHostPort = 8086;
const std::vector<std::string> kBackends = {"n1p1", "n2p1", "n3p1"};

ServiceSpec web(const Lab& lab, const std::vector<std::string>& backends) {
  ServiceSpec service{.name = "web", .node_port = kNodePort};
  for (const std::string& name : backends) {
    service.backends.push_back(backend(lab, name));
  }
  return service;
}

}  // namespace

LabShape lab_shape() {
  return {.nodes = 3, .clients = 3, .pods = 2};
}

Result<void> prepare(const Lab& lab, Agents& agents, IdentityServers& servers) {
  SP_TRY(servers.listen(lab, {"n1p1", "n2p1", "n3p1", "n2p2"}, 8080));
  SP_TRY_ASSIGN(api, LabApi::start_shared(lab, "c3"));
  api->put(api_objects(web(lab, kBackends)));
  api->put({api_pod({backend(lab, "n1p1"), kHostPort})});
  agents.set_source(api->source_words());
  return agents.start_all();
}

namespace {

constexpr const char* kWaiting = "agent: waiting for the cluster";

class Kubernetes : public UnderLoad {
 protected:
  Kubernetes() : UnderLoad(kNodePort, kBackends.size()) {}

  void TearDown() override {
    UnderLoad::TearDown();
    EXPECT_EQ(LabApi::shared().api().violations(), std::vector<std::string>());
  }

  void kill_agents() {
    for (const std::string& node : lab().nodes()) {
      ASSERT_TRUE(ok(agents().kill(node)));
    }
  }
};

TEST_F(Kubernetes, AnApiServerThatDiesAndComesBackIsNotMissed) {
  LabApi::shared().api().stop(true);
  progress();
  ASSERT_TRUE(ok(LabApi::shared().restart()));
  progress();
}

TEST_F(Kubernetes, AgentsThatDieAndComeBackGoUnnoticed) {
  kill_agents();
  progress();
  ASSERT_TRUE(ok(agents().start_all()));
  progress();
}

TEST_F(Kubernetes, AgentsThatStartWithoutAnApiServerLeaveEverythingInForce) {
  LabApi::shared().api().stop();
  kill_agents();
  progress();
  std::map<std::string, std::size_t> marks;
  for (const std::string& node : lab().nodes()) {
    ASSERT_TRUE(ok(agents().start(node, kSallyport, kWaiting)));
    marks[node] = agents().mark(node);
  }
  progress();
  ASSERT_TRUE(ok(LabApi::shared().restart()));
  for (const std::string& node : lab().nodes()) {
    ASSERT_TRUE(ok(agents().await_log(node, marks[node], {"agent: ready"}, Millis(40000))));
  }
  progress();
}

TEST_F(Kubernetes, AnApiServerThatDiesAfterTheAgentsIsNotMissedEither) {
  kill_agents();
  LabApi::shared().api().stop(true);
  progress();
  ASSERT_TRUE(ok(LabApi::shared().restart()));
  ASSERT_TRUE(ok(agents().start_all()));
  progress();
}

TEST_F(Kubernetes, AHistoryThatIsGoneIsListedAnew) {
  LabApi::shared().api().stop();
  LabApi::shared().api().compact();
  ASSERT_TRUE(ok(LabApi::shared().restart()));
  progress();
}

using Changes = LabTest;

// Who answers a client of n1, over a few connections.
std::set<std::string> answers(const std::string& netns, const Endpoint& at) {
  std::set<std::string> names;
  for (int i = 0; i < 8; ++i) {
    if (const auto reply = ask(netns, Transport::tcp, at)) {
      names.insert(reply->identity);
    }
  }
  return names;
}

// The same, once they are `names`, or what they still are after ten seconds.
std::set<std::string> answers_at_last(const std::string& netns, const Endpoint& at,
                                      const std::set<std::string>& names) {
  const auto deadline = Clock::now() + Millis(10000);
  std::set<std::string> now = answers(netns, at);
  while (now != names && Clock::now() < deadline) {
    now = answers(netns, at);
  }
  return now;
}

TEST_F(Changes, EndpointsMoveWhileTheApiServerSaysSo) {
  const Endpoint at = lab().host("n1").at(Family::v4, kNodePort);
  const std::set<std::string> moved{"n2p2"};
  const std::set<std::string> all(kBackends.begin(), kBackends.end());
  LabApi::shared().put({api_slice(web(lab(), {"n2p2"}), Family::v4)});
  EXPECT_EQ(answers_at_last(netns("c1"), at, moved), moved);
  LabApi::shared().put({api_slice(web(lab(), kBackends), Family::v4)});
  EXPECT_EQ(answers_at_last(netns("c1"), at, all), all);
}

TEST_F(Changes, HostPortsComeFromThePodsOfTheNode) {
  const Endpoint at = lab().host("n1").at(Family::v4, kHostPort);
  EXPECT_EQ(answers(netns("c1"), at), std::set<std::string>{"n1p1"});
  EXPECT_TRUE(answers(netns("c1"), lab().host("n2").at(Family::v4, kHostPort)).empty());
}

TEST_F(Changes, TheNodeTellsItsHealthAndItsMode) {
  const auto health = lab().run("n1", {"curl", "-sf", "http://127.0.0.1:10256/healthz"});
  ASSERT_TRUE(ok(health));
  EXPECT_NE(health->text.find("\"nodeEligible\""), std::string::npos) << health->text;
  const auto outside = lab().run("c1", {"curl", "-sf", "http://" + lab().host("n1").ip4 + ":10256/livez"});
  ASSERT_TRUE(ok(outside));
  EXPECT_EQ(outside->exit_code, 0) << outside->text;
  const auto mode = lab().run("n1", {"curl", "-sf", "http://127.0.0.1:10249/proxyMode"});
  ASSERT_TRUE(ok(mode));
  EXPECT_EQ(mode->text.substr(0, mode->text.find('\n')), "xdp");
}

// The status code that a client outside gets; "000" when nothing listens.
std::string status_of(const Lab& lab, const std::string& url) {
  const auto output = lab.run("c1", {"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-m", "5", url});
  return output ? output->text.substr(0, 3) : output.error().text();
}

// The same, once it is `code`, or what it still is after ten seconds: the listener follows the maps, not the log.
std::string status_at_last(const Lab& lab, const std::string& url, const std::string& code) {
  const auto deadline = Clock::now() + Millis(10000);
  std::string status = status_of(lab, url);
  while (status != code && Clock::now() < deadline) {
    status = status_of(lab, url);
  }
  return status;
}

TEST_F(Changes, R103_R104_LoadBalancersFindTheNodesWithEndpoints) {
  constexpr std::uint16_t kCheck = 32100;
  ServiceSpec spec{.name = "balanced", .number = 9, .node_port = 30090, .ingress = {pool_ip(Family::v4, 9)}};
  spec.backends = {backend(lab(), "n2p1")};
  std::vector<nlohmann::json> objects = api_objects(spec);
  objects[0]["spec"]["externalTrafficPolicy"] = "Local";
  objects[0]["spec"]["healthCheckNodePort"] = kCheck;
  LabApi::shared().put(objects);
  const auto url = [](const std::string& node) { return "http://" + lab().host(node).ip4 + ":32100/any"; };
  EXPECT_EQ(status_at_last(lab(), url("n2"), "200"), "200");
  EXPECT_EQ(status_at_last(lab(), url("n1"), "503"), "503");
  objects[0]["spec"]["externalTrafficPolicy"] = "Cluster";
  objects[0]["spec"]["healthCheckNodePort"] = 0;
  LabApi::shared().put({objects[0]});
  EXPECT_EQ(status_at_last(lab(), url("n2"), "000"), "000");
}

TEST_F(Changes, R109_AChangedConfigurationEndsTheAgentAndNothingElse) {
  ASSERT_TRUE(ok(agents().stop("n3")));
  const Host& node = lab().host("n3");
  const std::filesystem::path file = lab().scratch() / "config.yaml";
  std::ofstream(file) << "aging_interval: 7\n";
  std::vector<std::string> argv{kSallyport,    "run",      "--node",        "n3",       "--pin-path",
                                node.pin_path, "--cgroup", node.cgroup_dir, "--config", file};
  const auto words = LabApi::shared().source_words();
  argv.insert(argv.end(), words.begin(), words.end());
  auto process = Process::spawn({.argv = argv, .netns = node.netns});
  ASSERT_TRUE(ok(process));
  ASSERT_TRUE(ok(process->await_line(0, {"agent: ready"}, Millis(20000))));
  std::ofstream(file) << "aging_interval: 8\n";
  const auto code = process->await_exit(Millis(10000));
  ASSERT_TRUE(ok(code));
  EXPECT_EQ(*code, 1);
  // What it printed may still be on its way through the pipe.
  EXPECT_TRUE(ok(process->await_line(0, {"config.yaml", "changed"}, Millis(10000)))) << process->tail(3);
  EXPECT_FALSE(answers(netns("c1"), node.at(Family::v4, kNodePort)).empty());
  ASSERT_TRUE(ok(agents().start("n3")));
}

}  // namespace
}  // namespace sp::test
