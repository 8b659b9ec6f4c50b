// SPDX-License-Identifier: Apache-2.0
// How the fake API server misbehaves when it is told to, and that it is a server again afterwards.
#include "tests/harness/fake_api/fixture.h"

namespace sp::fake_api {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using What = Fault::What;

class FakeApiFault : public FakeApiTest {
 protected:
  [[nodiscard]] std::unique_ptr<WatchReader> watch() {
    auto reader = std::make_unique<WatchReader>(
        *client_,
        "/api/v1/services?watch=true&allowWatchBookmarks=true&timeoutSeconds=60&resourceVersion=" + version());
    const std::string mark = "mark" + version();
    api_->put(service(mark));
    EXPECT_EQ(reader->next_text(), "ADDED default/" + mark);
    return reader;
  }
};

TEST_F(FakeApiFault, AStatusMeetsTheRequestsItIsMeantFor) {
  api_->inject(
      {.verb = "list", .resource = "pods", .status = {429, "TooManyRequests", "slow down"}, .retry_after_s = 7});
  EXPECT_EQ(get("/api/v1/services").status, 200);
  const Answer refused = get("/api/v1/pods");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("Retry-After"), "7");
  EXPECT_EQ(refused.body["reason"], "TooManyRequests");
  EXPECT_EQ(get("/api/v1/pods").status, 200) << "once";
}

TEST_F(FakeApiFault, APageOfALoadBalancerIsNoStatus) {
  api_->inject({.status = {502, "", ""}, .page = "<html>Bad Gateway</html>"});
  const Answer answer = get("/api/v1/services");
  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(answer.text, "<html>Bad Gateway</html>");
}

TEST_F(FakeApiFault, OnlyALaterPageExpires) {
  api_->put(service("a"));
  api_->put(service("b"));
  api_->inject({.verb = "continue", .status = expired("too old")});
  const Answer first = get("/api/v1/services?limit=1");
  EXPECT_EQ(first.status, 200);
  const std::string rest = "/api/v1/services?limit=1&continue=" + first.body["metadata"]["continue"].get<std::string>();
  EXPECT_EQ(get(rest).status, 410);
  EXPECT_EQ(get(rest).status, 200);
}

TEST_F(FakeApiFault, AListDiesInTheMiddle) {
  for (int i = 0; i < 50; ++i) api_->put(service("s" + std::to_string(i)));
  api_->inject({.what = What::cut, .after_bytes = 3000});
  std::string got;
  const auto client = client_->client();
  const auto result = client->Get("/api/v1/services", [&got](const char* bytes, std::size_t count) {
    got.append(bytes, count);
    return true;
  });
  EXPECT_FALSE(result);
  EXPECT_EQ(got.size(), 3000U);
}

TEST_F(FakeApiFault, AHangingServerNeverAnswers) {
  api_->inject({.what = What::hang});
  const auto client = client_->client();
  client->set_read_timeout(0, 300'000);
  EXPECT_EQ(client->Get("/api/v1/services").error(), httplib::Error::Read);
}

TEST_F(FakeApiFault, GarbageBreaksTheJson) {
  api_->put(service("a"));
  api_->inject({.what = What::garbage, .after_bytes = 40});
  const Answer answer = get("/api/v1/services");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body.is_discarded());
  EXPECT_THAT(answer.text, HasSubstr("}{\"type\":"));
}

TEST_F(FakeApiFault, AnErrorEventEndsAWatch) {
  api_->inject({.what = What::error_event, .verb = "watch", .status = {500, "InternalError", "etcd"}, .after = 20ms});
  WatchReader reader(*client_, "/api/v1/services?watch=true&timeoutSeconds=60&resourceVersion=" + version());
  const Json event = reader.next();
  EXPECT_EQ(event["type"], "ERROR");
  EXPECT_EQ(event["object"]["code"], 500);
  EXPECT_TRUE(reader.ended_cleanly());
}

TEST_F(FakeApiFault, WatchesUnderWayObey) {
  auto reader = watch();
  api_->order({.what = WatchOrder::What::bookmark, .resource = "services"});
  EXPECT_EQ(reader->next()["type"], "BOOKMARK");
  api_->order({.what = WatchOrder::What::raw, .text = "no json\n"});
  EXPECT_TRUE(reader->next().is_discarded());
  api_->order({.what = WatchOrder::What::error});
  EXPECT_EQ(reader->next()["object"]["code"], 410);
  EXPECT_TRUE(reader->ended_cleanly());

  reader = watch();
  api_->order({.what = WatchOrder::What::finish});
  EXPECT_TRUE(reader->ended_cleanly());

  reader = watch();
  api_->order({.what = WatchOrder::What::cut_line});
  EXPECT_FALSE(reader->ended_cleanly());
  EXPECT_THAT(reader->rest(), HasSubstr("{\"type\":\"MODIFIED\""));
}

TEST_F(FakeApiFault, PiecesAndDelaysChangeNothingInTheText) {
  for (int i = 0; i < 20; ++i) api_->put(service("s" + std::to_string(i)));
  const std::string plain = get("/api/v1/services").text;
  api_->set_wire({.max_piece = 7, .max_delay = 1ms});
  EXPECT_EQ(get("/api/v1/services").text, plain);
}

TEST_F(FakeApiFault, AFrozenServerThawsAndAnswers) {
  api_->freeze(true);
  const auto client = client_->client();
  client->set_read_timeout(0, 300'000);
  EXPECT_FALSE(client->Get("/api/v1/services"));
  api_->freeze(false);
  EXPECT_EQ(get("/api/v1/services").status, 200);
}

TEST_F(FakeApiFault, AFrozenServerSaysNothingInWatches) {
  auto reader = watch();
  api_->freeze(true);
  api_->put(service("a"));
  EXPECT_TRUE(reader->next(300ms).is_null());
  api_->freeze(false);
  EXPECT_EQ(reader->next_text(), "ADDED default/a");
}

TEST_F(FakeApiFault, StopsAndComesBackOnItsPortWithItsVersions) {
  auto reader = watch();
  const std::string before = version();
  const std::string url = api_->url();
  api_->stop();
  EXPECT_FALSE(reader->ended_cleanly());
  EXPECT_EQ(get("/livez").status, 0);
  EXPECT_EQ(api_->connection_count(), 0U);
  ASSERT_TRUE(api_->restart());
  EXPECT_EQ(api_->url(), url);
  EXPECT_EQ(get("/api/v1/services").body["metadata"]["resourceVersion"], before);
}

TEST_F(FakeApiFault, AnotherHistoryBeginsWhereItIsTold) {
  api_->put(service("a"));
  api_->reset_history(7);
  const Answer list = get("/api/v1/services");
  EXPECT_EQ(list.body["metadata"]["resourceVersion"], "7");
  EXPECT_EQ(list.body["items"], Json::array());
}

TEST_F(FakeApiFault, TheClockOfTheServerIsItsOwn) {
  Settings settings = api_->settings();
  settings.clock_skew = std::chrono::hours(24 * 400);
  api_->set_settings(settings);
  const std::string late = get("/livez").header("Date");
  settings.clock_skew = 0s;
  api_->set_settings(settings);
  EXPECT_NE(late, "");
  EXPECT_NE(late.substr(12, 4), get("/livez").header("Date").substr(12, 4)) << late;
}

TEST_F(FakeApiFault, ChaosIsTheSameForTheSameSeedAndEndsWhenTold) {
  for (int i = 0; i < 5; ++i) api_->put(service("s" + std::to_string(i)));
  const auto statuses = [this] {
    api_->set_chaos(Chaos{.seed = 42, .share = 0.5, .max_after_bytes = 100, .stall_share = 0});
    std::string text;
    for (int i = 0; i < 30; ++i) text += std::to_string(get("/api/v1/services").status) + " ";
    return text;
  };
  const std::string first = statuses();
  EXPECT_EQ(statuses(), first);
  EXPECT_THAT(first, HasSubstr("429"));
  EXPECT_GT(api_->faults_met(), 10U);
  api_->behave();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(names_of(get("/api/v1/services")).size(), 5U);
  EXPECT_THAT(api_->violations(), IsEmpty());
}

TEST_F(FakeApiFault, FieldsMayHaveAnyType) {
  Json wrong = service("web");
  wrong["spec"]["ports"] = "eighty";
  wrong["metadata"]["labels"] = 7;
  api_->put(wrong);
  EXPECT_EQ(get("/api/v1/services").body["items"][0]["spec"]["ports"], "eighty");
  EXPECT_THAT(names_of(get("/api/v1/services?labelSelector=!a")), ElementsAre("web"));
}

}  // namespace
}  // namespace sp::fake_api
