// SPDX-License-Identifier: Apache-2.0
// The whole source against the fake API server over loopback: what it knows must be what the server has, whatever
// happens to the server and on the way.
#include "tests/harness/kubernetes_fixture.h"

#include <random>

namespace sp::test {
namespace {

using fake_api::Fault;
using fake_api::WatchOrder;
using kube::Cause;
using kube::KubernetesSource;
using kube::SourceStats;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

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

TEST_F(KubernetesSourceTest, ACompressedListThatIsBrokenIsSaidAndAskedForAgain) {
  for (int i = 0; i < 300; ++i) api->put(service("s" + std::to_string(i), 80, {{"note", std::string(900, 'x')}}));
  api->inject({.what = Fault::What::garbage, .verb = "list", .resource = "services", .after_bytes = 300});
  open();
  ASSERT_TRUE(await_synced());
  EXPECT_EQ(source->stats().of(model::Kind::service).failures.at(static_cast<std::size_t>(Cause::content)), 1U);
  EXPECT_EQ(source->cluster().services.size(), 300U);
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
}  // namespace sp::test
