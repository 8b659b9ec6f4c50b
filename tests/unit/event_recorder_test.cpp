// SPDX-License-Identifier: Apache-2.0
#include "loader/kube/event_recorder.h"

#include <gmock/gmock.h>

#include "loader/kube/json_parser.h"
#include "tests/harness/http_exchanges.h"
#include "tests/harness/scripted_http.h"

namespace sp::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::SizeIs;

class EventRecorderTest : public testing::Test, public TurningLoop {
 protected:
  void SetUp() override {
    api = std::move(kube::Api::create_with(loop, access, [this](EventLoop&, const http::Server&) {
            return Result<std::unique_ptr<http::Client>>(std::make_unique<ScriptedClient>(log));
          })).value();
    recorder = std::move(kube::EventRecorder::create(loop, *api, "n1", 10ms)).value();
  }
  kube::Event warning(const std::string& note) {
    return {kube::Event::Type::warning, "Odd", "Look", note, {model::Kind::node, {"", "n1"}}, ""};
  }
  [[nodiscard]] std::string member(std::string body, const char* pointer) {
    kube::JsonParser parser;
    const auto document = parser.parse(body);
    std::string_view text;
    if (!document || document->at_pointer(pointer).get(text) != simdjson::SUCCESS) return "none";
    return std::string(text);
  }

  ScriptedAccess access;
  ScriptedClient::Log log;
  std::unique_ptr<kube::Api> api;
  std::unique_ptr<kube::EventRecorder> recorder;
};

TEST_F(EventRecorderTest, StartingIsAboutTheNode) {
  recorder->post_starting();
  ASSERT_THAT(log.exchanges, SizeIs(1));
  const http::Request& request = log.exchanges[0].request;
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/apis/events.k8s.io/v1/namespaces/default/events");
  EXPECT_EQ(request.content_type, "application/json");
  EXPECT_EQ(member(request.body, "/apiVersion"), "events.k8s.io/v1");
  EXPECT_EQ(member(request.body, "/kind"), "Event");
  EXPECT_EQ(member(request.body, "/type"), "Normal");
  EXPECT_EQ(member(request.body, "/reason"), "Starting");
  EXPECT_EQ(member(request.body, "/action"), "StartKubeProxy");
  EXPECT_EQ(member(request.body, "/reportingController"), "kube-proxy");
  EXPECT_EQ(member(request.body, "/reportingInstance"), "n1");
  EXPECT_EQ(member(request.body, "/regarding/kind"), "Node");
  EXPECT_EQ(member(request.body, "/regarding/apiVersion"), "v1");
  EXPECT_EQ(member(request.body, "/regarding/name"), "n1");
  EXPECT_EQ(member(request.body, "/regarding/uid"), "n1");
  EXPECT_EQ(member(request.body, "/regarding/namespace"), "none");
  EXPECT_THAT(member(request.body, "/metadata/name"), MatchesRegex("n1\\.[0-9a-f]+"));
  EXPECT_EQ(member(request.body, "/metadata/namespace"), "default");
  EXPECT_THAT(member(request.body, "/eventTime"),
              MatchesRegex("20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z"));
  log.answer(0, 201, "{}");
  EXPECT_EQ(recorder->posted(), 1U);
  EXPECT_EQ(recorder->dropped(), 0U);
}

TEST_F(EventRecorderTest, AServiceIsInItsNamespace) {
  recorder->post_health_check_failure({"shop", "web", "u1", {}}, "port 32000: \"in use\"\n");
  const http::Request& request = log.exchanges.at(0).request;
  EXPECT_EQ(request.target, "/apis/events.k8s.io/v1/namespaces/shop/events");
  EXPECT_EQ(member(request.body, "/type"), "Warning");
  EXPECT_EQ(member(request.body, "/reason"), "FailedToStartServiceHealthcheck");
  EXPECT_EQ(member(request.body, "/action"), "Listen");
  EXPECT_EQ(member(request.body, "/note"), "port 32000: \"in use\"\\x0a");
  EXPECT_EQ(member(request.body, "/regarding/kind"), "Service");
  EXPECT_EQ(member(request.body, "/regarding/namespace"), "shop");
  EXPECT_EQ(member(request.body, "/regarding/uid"), "u1");
}

TEST_F(EventRecorderTest, AFailureIsTriedOnceMore) {
  recorder->post(warning("a"));
  log.fail(0, http::Failure::connect, "refused");
  ASSERT_TRUE(await([this] { return log.exchanges.size() == 2; }));
  EXPECT_EQ(log.exchanges[1].request.body, log.exchanges[0].request.body);
  log.answer(1, 503, "busy");
  EXPECT_FALSE(await([this] { return log.exchanges.size() > 2; }, 50ms));
  EXPECT_EQ(recorder->dropped(), 1U);
}

TEST_F(EventRecorderTest, ARefusalIsNotTriedAgain) {
  recorder->post(warning("a"));
  log.answer(0, 403, R"({"kind":"Status","message":"no"})");
  EXPECT_FALSE(await([this] { return log.exchanges.size() > 1; }, 50ms));
  EXPECT_EQ(recorder->dropped(), 1U);
}

TEST_F(EventRecorderTest, TheSameEventIsPostedOnceInAWhile) {
  for (int i = 0; i < 5; ++i) recorder->post(warning("a"));
  recorder->post(warning("b"));
  EXPECT_THAT(log.exchanges, SizeIs(2));
  EXPECT_EQ(recorder->dropped(), 4U);
}

TEST_F(EventRecorderTest, ManyEventsDoNotPileUp) {
  for (int i = 0; i < 100; ++i) recorder->post(warning(std::to_string(i)));
  EXPECT_THAT(log.exchanges, SizeIs(kube::EventRecorder::kMaxPending));
  EXPECT_EQ(recorder->dropped(), 100 - kube::EventRecorder::kMaxPending);
}

TEST_F(EventRecorderTest, NothingIsLeftBehind) {
  recorder->post(warning("a"));
  recorder->post(warning("b"));
  log.fail(1, http::Failure::connect, "refused");
  recorder.reset();
  EXPECT_TRUE(log.exchanges[0].cancelled);
  EXPECT_FALSE(await([] { return false; }, 30ms)) << "and no timer calls what is gone";
}

}  // namespace
}  // namespace sp::test
