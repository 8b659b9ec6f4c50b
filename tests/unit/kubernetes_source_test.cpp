// SPDX-License-Identifier: Apache-2.0
// The whole source against the fake API server over loopback: what it knows must be what the server has, whatever
// happens to the server and on the way.
#include "loader/kube/kubernetes_source.h"

#include <gmock/gmock.h>
#include <poll.h>

#include <set>

#include "tests/harness/fake_api/fake_api.h"

namespace sp::kube {
namespace {

using namespace std::chrono_literals;
using fake_api::FakeApi;
using fake_api::Fault;
using fake_api::Json;
using fake_api::WatchOrder;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class KubernetesSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    api = std::move(FakeApi::start({})).value();
    api->put(node());
  }
  void TearDown() override { EXPECT_THAT(api->violations(), IsEmpty()); }

  static Json node() { return {{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", {{"name", "n1"}}}}; }
  static Json service(const std::string& name, int port = 80, const Json& labels = Json::object()) {
    return {{"apiVersion", "v1"},
            {"kind", "Service"},
            {"metadata", {{"namespace", "default"}, {"name", name}, {"labels", labels}}},
            {"spec",
             {{"type", "ClusterIP"},
              {"clusterIP", "10.96.0.1"},
              {"clusterIPs", {"10.96.0.1"}},
              {"ipFamilies", {"IPv4"}},
              {"ports", Json::array({{{"port", port}, {"protocol", "TCP"}}})}}}};
  }
  static Json slice(const std::string& name, const std::string& address, Json labels = Json::object()) {
    labels["kubernetes.io/service-name"] = "web";
    return {{"apiVersion", "discovery.k8s.io/v1"},
            {"kind", "EndpointSlice"},
            {"metadata", {{"namespace", "default"}, {"name", name}, {"labels", labels}}},
            {"addressType", "IPv4"},
            {"ports", Json::array({{{"name", ""}, {"port", 8080}, {"protocol", "TCP"}}})},
            {"endpoints", Json::array({{{"addresses", {address}}}})}};
  }
  static Json pod(const std::string& name, const std::string& on) {
    return {{"apiVersion", "v1"},
            {"kind", "Pod"},
            {"metadata", {{"namespace", "default"}, {"name", name}}},
            {"spec",
             {{"nodeName", on},
              {"containers", Json::array({{{"ports", Json::array({{{"containerPort", 80}, {"hostPort", 8080}}})}}})}}},
            {"status", {{"podIP", "10.0.0.1"}, {"phase", "Running"}}}};
  }

  void open() { source = open_another(); }
  [[nodiscard]] std::unique_ptr<KubernetesSource> open_another() const {
    return std::move(KubernetesSource::open({.access = {.master = api->url()}, .node_name = "n1", .timing = timing}))
        .value();
  }
  // Refreshes `from` until `done`.
  bool await(KubernetesSource& from, const std::function<bool()>& done, std::chrono::milliseconds timeout = 15s) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (!done()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd ready{from.fd(), POLLIN, 0};
      if (left <= 0ms || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) {
        return done();
      }
      const source::Update update = from.refresh();
      for (const auto& id : update.changed) changed.insert(id.text());
      for (const auto& complaint : update.complaints) complaints.push_back(complaint.text);
      completions += update.completed ? 1 : 0;
    }
    return true;
  }
  bool await(const std::function<bool()>& done, std::chrono::milliseconds timeout = 15s) {
    return await(*source, done, timeout);
  }
  [[nodiscard]] bool await_complete() {
    return await([this] { return source->cluster().complete; });
  }
  [[nodiscard]] bool await_synced() {
    return await([this] {
      const SourceStats stats = source->stats();
      return std::all_of(stats.resources.begin(), stats.resources.end(), [](const auto& one) { return one.synced; });
    });
  }
  [[nodiscard]] bool has(const std::string& name) const {
    return source->cluster().services.contains({"default", name});
  }
  // Everything as somebody sees it who has only just come.
  [[nodiscard]] bool await_equal_to_a_fresh_one() {
    const auto fresh = open_another();
    const bool listed = await(*fresh, [&fresh] {
      const SourceStats stats = fresh->stats();
      return std::all_of(stats.resources.begin(), stats.resources.end(), [](const auto& one) { return one.listed; });
    });
    return listed && await([&] { return source->cluster() == fresh->cluster(); });
  }

  Timing timing;
  std::unique_ptr<FakeApi> api;
  std::unique_ptr<KubernetesSource> source;
  std::set<std::string> changed;
  std::vector<std::string> complaints;
  int completions = 0;
};

TEST_F(KubernetesSourceTest, KnowsTheClusterOnceItIsComplete) {
  api->put(service("web"));
  api->put(slice("web-1", "10.0.0.1"));
  api->put(pod("here", "n1"));
  api->put(pod("there", "n2"));
  open();
  EXPECT_FALSE(source->cluster().complete);
  ASSERT_TRUE(await_synced());
  EXPECT_TRUE(source->cluster().complete);
  EXPECT_EQ(completions, 1);
  EXPECT_THAT(changed,
              ElementsAre("EndpointSlice default/web-1", "Node n1", "Pod default/here", "Service default/web"));
  EXPECT_THAT(complaints, IsEmpty());
  EXPECT_THAT(source->text(), HasSubstr(api->url()));
}

TEST_F(KubernetesSourceTest, FollowsChanges) {
  api->put(service("web"));
  open();
  ASSERT_TRUE(await_synced());
  api->put(service("other"));
  ASSERT_TRUE(await([this] { return has("other"); }));
  api->put(service("web", 81));
  ASSERT_TRUE(await([this] { return source->cluster().services.at({"default", "web"}).ports[0].port == 81; }));
  api->remove("services", "default", "other");
  ASSERT_TRUE(await([this] { return !has("other"); }));
  api->put(service("web", 81, {{"service.kubernetes.io/service-proxy-name", ""}}));
  ASSERT_TRUE(await([this] { return !has("web"); })) << "another proxy's now";
  api->put(service("web", 81));
  ASSERT_TRUE(await([this] { return has("web"); })) << "ours again";
  api->put(slice("web-1", "10.0.0.1"));
  ASSERT_TRUE(await([this] { return source->cluster().endpoint_slices.size() == 1; }));
  api->put(slice("web-1", "10.0.0.1", {{"service.kubernetes.io/headless", ""}}));
  ASSERT_TRUE(await([this] { return source->cluster().endpoint_slices.empty(); }));
}

TEST_F(KubernetesSourceTest, AnOutageChangesNothingAndWhatHappenedMeanwhileComesAfterwards) {
  api->put(service("web"));
  api->put(service("old"));
  open();
  ASSERT_TRUE(await_synced());
  changed.clear();
  api->stop(true);
  EXPECT_FALSE(await([this] { return !changed.empty(); }, 1500ms));
  EXPECT_TRUE(has("web") && has("old"));
  api->put(service("new"));
  api->remove("services", "default", "old");
  ASSERT_TRUE(api->restart());
  ASSERT_TRUE(await([this] { return has("new") && !has("old"); }, 40s));
  EXPECT_THAT(changed, ElementsAre("Service default/new", "Service default/old"));
  EXPECT_EQ(source->stats().of(model::Kind::service).lists, 1U) << "the watch was resumed";
}

TEST_F(KubernetesSourceTest, AForgottenHistoryIsADifference) {
  api->put(service("web"));
  api->put(service("old"));
  open();
  ASSERT_TRUE(await_synced());
  changed.clear();
  api->stop();
  api->put(service("new"));
  api->remove("services", "default", "old");
  api->compact();
  ASSERT_TRUE(api->restart());
  ASSERT_TRUE(await([this] { return has("new") && !has("old"); }, 40s));
  EXPECT_THAT(changed, ElementsAre("Service default/new", "Service default/old"));
  EXPECT_GE(source->stats().of(model::Kind::service).relists, 1U);
}

TEST_F(KubernetesSourceTest, StartsBeforeItsServer) {
  api->put(service("web"));
  api->stop();
  open();
  EXPECT_FALSE(await([this] { return source->cluster().complete; }, 300ms));
  ASSERT_TRUE(api->restart());
  EXPECT_TRUE(await_complete());
}

TEST_F(KubernetesSourceTest, IsNotCompleteWithoutServicesOrSlices) {
  api->gatekeeper().deny({"list", "endpointslices"});
  api->put(service("web"));
  open();
  ASSERT_TRUE(await([this] { return source->stats().of(model::Kind::service).synced; }));
  EXPECT_FALSE(await([this] { return source->cluster().complete; }, 300ms));
  EXPECT_GE(source->stats().of(model::Kind::endpoint_slice).failures[static_cast<std::size_t>(Cause::forbidden)], 1U);
  api->gatekeeper().permit({"list", "endpointslices"});
  EXPECT_TRUE(await_complete()) << "granted meanwhile";
}

TEST_F(KubernetesSourceTest, IsCompleteWithoutTheRightToSeePods) {
  api->gatekeeper().deny({"list", "pods"});
  api->put(service("web"));
  api->put(pod("here", "n1"));
  open();
  ASSERT_TRUE(await_complete());
  EXPECT_TRUE(has("web"));
  EXPECT_THAT(source->cluster().pods, IsEmpty());
  api->gatekeeper().permit({"list", "pods"});
  EXPECT_TRUE(await([this] { return source->cluster().pods.size() == 1; }));
}

TEST_F(KubernetesSourceTest, TakesThousandsOfServicesInPages) {
  fake_api::Settings settings = api->settings();
  settings.any_ignores_limit = false;
  api->set_settings(settings);
  for (int i = 0; i < 1203; ++i) api->put(service("s" + std::to_string(i)));
  open();
  ASSERT_TRUE(await_complete());
  EXPECT_EQ(source->cluster().services.size(), 1203U);
  EXPECT_EQ(api->journal().count("list", "services"), 3U);
}

TEST_F(KubernetesSourceTest, TakesThousandsOfServicesInOneAnswerOfSmallPieces) {
  for (int i = 0; i < 600; ++i) api->put(service("s" + std::to_string(i)));
  api->set_wire({.max_piece = 700, .max_delay = 0ms});
  open();
  ASSERT_TRUE(await_complete());
  EXPECT_EQ(source->cluster().services.size(), 600U);
  EXPECT_EQ(api->journal().count("list", "services"), 1U);
}

TEST_F(KubernetesSourceTest, APageTokenThatExpiresRestartsTheList) {
  fake_api::Settings settings = api->settings();
  settings.any_ignores_limit = false;
  api->set_settings(settings);
  for (int i = 0; i < 600; ++i) api->put(service("s" + std::to_string(i)));
  api->inject({.what = Fault::What::status,
               .verb = "continue",
               .resource = "services",
               .status = {410, "Expired", "The provided continue parameter is too old"}});
  open();
  ASSERT_TRUE(await_complete());
  EXPECT_EQ(source->cluster().services.size(), 600U);
}

TEST_F(KubernetesSourceTest, AServerThatWasRestoredFromABackupIsBelieved) {
  for (int i = 0; i < 50; ++i) api->put(service("s" + std::to_string(i)));
  timing.silence = 500ms;
  open();
  ASSERT_TRUE(await_synced());
  api->stop();
  api->reset_history(3);
  api->put(node());
  api->put(service("restored"));
  ASSERT_TRUE(api->restart());
  EXPECT_TRUE(await([this] { return has("restored") && !has("s1"); }, 60s));
}

TEST_F(KubernetesSourceTest, GarbageInMidStreamIsSurvived) {
  api->put(service("web"));
  open();
  ASSERT_TRUE(await_synced());
  api->order({.what = WatchOrder::What::raw, .text = "}{\"type\":\n"});
  ASSERT_TRUE(await([this] {
    return source->stats().of(model::Kind::service).failures[static_cast<std::size_t>(Cause::content)] == 1;
  }));
  EXPECT_TRUE(has("web"));
  api->put(service("new"));
  EXPECT_TRUE(await([this] { return has("new"); }));
}

TEST_F(KubernetesSourceTest, MisbehaviourAtRandomEndsWithTheServersState) {
  const auto seed = static_cast<std::uint64_t>(std::random_device{}());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100; ++i) api->put(service("s" + std::to_string(i)));
  api->set_wire({.max_piece = 300, .max_delay = 1ms});
  // No silence: that costs 90 seconds each time.
  api->set_chaos(fake_api::Chaos{.seed = seed, .share = 0.5, .stall_share = 0});
  open();
  for (int round = 0; round < 60; ++round) {
    const std::string name = "s" + std::to_string(random() % 120);
    if (random() % 3 == 0) {
      api->remove("services", "default", name);
    } else {
      api->put(service(name, static_cast<int>(random() % 65535 + 1)));
      api->put(slice(name, "10.0.0." + std::to_string(random() % 200 + 1)));
    }
    if (random() % 20 == 0) api->compact();
    if (random() % 10 == 0) api->drop_connections(random() % 2 == 0);
    (void)await([] { return false; }, 50ms);
  }
  api->behave();
  EXPECT_TRUE(await_complete());
  EXPECT_TRUE(await_equal_to_a_fresh_one());
  EXPECT_GT(api->faults_met(), 0U);
}

TEST_F(KubernetesSourceTest, EventsArriveAtTheServer) {
  open();
  source->events().post_starting();
  source->events().post_health_check_failure({"default", "web", "u1", {}}, "port 32000 is in use");
  ASSERT_TRUE(await([this] { return source->stats().events_posted == 2; }));
  EXPECT_THAT(api->objects("events"), testing::SizeIs(2));
}

TEST_F(KubernetesSourceTest, NeedsANodeName) {
  const auto opened = KubernetesSource::open({.access = {.master = api->url()}, .node_name = ""});
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().text(), HasSubstr("--hostname-override"));
}

}  // namespace
}  // namespace sp::kube
