// SPDX-License-Identifier: Apache-2.0
// Failures: what is said, what is counted, how long it is waited, and that nothing changes meanwhile.
#include "tests/harness/reflector_fixture.h"

namespace sp::test {
namespace {

using namespace std::chrono_literals;
using kube::Cause;
using model::Kind;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(ReflectorTest, ForbiddenNamesVerbResourceAndWhatToDo) {
  begin(Kind::endpoint_slice);
  log.answer(0, 403, status(403, "User \\\"system:node:n1\\\" cannot list resource"));
  EXPECT_THAT(reflector->problem(), AllOf(HasSubstr("list endpointslices.discovery.k8s.io is forbidden"),
                                          HasSubstr("system:node:n1"), HasSubstr("no Service can be programmed"),
                                          HasSubstr("kubectl auth can-i list endpointslices.discovery.k8s.io -A")));
  EXPECT_TRUE(reflector->answered());
  EXPECT_FALSE(reflector->listed());
  ASSERT_TRUE(await_request(1));
  log.answer(1, 200, list({}, 10));
  EXPECT_TRUE(reflector->listed());
  EXPECT_THAT(reflector->problem(), IsEmpty()) << "granted meanwhile";
}

TEST_F(ReflectorTest, ForbiddenWatchSaysWatch) {
  begin();
  log.answer(0, 200, list({service("a", 1)}, 10));
  log.answer(1, 403, status(403));
  EXPECT_THAT(reflector->problem(), HasSubstr("watch services is forbidden"));
  EXPECT_THAT(known(), ElementsAre("a:80"));
  ASSERT_TRUE(await_request(2));
  EXPECT_THAT(log.target(2), HasSubstr("watch=1")) << "no list for every refusal";
}

TEST_F(ReflectorTest, AResourceThatOldServersLackIsARemarkAndAskedForRarely) {
  begin(Kind::service_cidr);
  log.answer(0, 404, "404 page not found\n");
  EXPECT_THAT(reflector->problem(), IsEmpty());
  EXPECT_THAT(reflector->remark(), HasSubstr("does not know servicecidrs.networking.k8s.io (404)"));
  EXPECT_TRUE(reflector->answered());
  EXPECT_FALSE(await([&] { return log.exchanges.size() > 1; }, 50ms)) << "three times the longest back-off";
}

TEST_F(ReflectorTest, AServerThatDoesNotKnowTheFieldOfClusterIpsIsAskedWithoutIt) {
  begin();
  EXPECT_THAT(log.target(0), HasSubstr("fieldSelector="));
  log.answer(0, 400, status(400, "field label not supported: spec.clusterIP"));
  ASSERT_TRUE(await_request(1));
  EXPECT_THAT(log.target(1), AllOf(HasSubstr("labelSelector="), testing::Not(HasSubstr("fieldSelector="))));
  log.answer(1, 200, list({service("a", 1)}, 10));
  EXPECT_TRUE(reflector->listed());
  EXPECT_THAT(log.target(2), AllOf(HasSubstr("watch=1"), testing::Not(HasSubstr("fieldSelector="))));
}

TEST_F(ReflectorTest, AWatchThatFailsTwiceAtOneVersionLeadsToAList) {
  begin();
  log.answer(0, 200, list({service("a", 1)}, 10));
  log.answer(1, 500, status(500));
  ASSERT_TRUE(await_request(2));
  EXPECT_THAT(log.target(2), HasSubstr("watch=1")) << "once may be a mishap";
  log.answer(2, 500, status(500));
  ASSERT_TRUE(await_request(3));
  EXPECT_THAT(log.target(3), testing::Not(HasSubstr("watch=1")));
  EXPECT_THAT(known(), ElementsAre("a:80"));
}

TEST_F(ReflectorTest, ARefusedTokenIsRenewedAtOnce) {
  timing.backoff_first = timing.backoff_longest = 1h;
  begin();
  access.token = "t2";
  log.answer(0, 401, status(401, "Unauthorized"));
  EXPECT_EQ(access.refusals, 1U);
  EXPECT_THAT(reflector->problem(), HasSubstr("does not accept our credentials (401)"));
  ASSERT_TRUE(await_request(1)) << "without waiting an hour";
  EXPECT_EQ(log.exchanges[1].credentials.bearer_token, "t2");
  log.answer(1, 401, status(401));
  EXPECT_EQ(access.refusals, 2U);
}

TEST_F(ReflectorTest, AnOutageOfAnyLengthChangesNothing) {
  begin_watch({service("a", 1), service("b", 2)});
  (void)changed();
  log.fail(1, http::Failure::cut, "gone");
  for (std::size_t i = 2; i < 12; ++i) {
    ASSERT_TRUE(await_request(i));
    log.fail(i, http::Failure::connect, "connection refused");
    EXPECT_EQ(reflector->problem(),
              "the API cannot be reached: connection refused; the last known state stays in force");
  }
  EXPECT_THAT(known(), ElementsAre("a:80", "b:80"));
  EXPECT_THAT(changed(), IsEmpty());
  EXPECT_TRUE(reflector->listed());
  EXPECT_EQ(failures(Cause::connection), 11U);
}

TEST_F(ReflectorTest, ServerErrorsOfAllResourcesReadAlike) {
  begin();
  log.answer(0, 503, "<html>bad gateway</html>");
  EXPECT_EQ(reflector->problem(), "the API server fails (503); the last known state stays in force");
}

TEST_F(ReflectorTest, RetryAfterIsHonoured) {
  begin();
  http::Head head;
  head.status = 429;
  head.retry_after = 1s;
  const auto asked = EventLoop::Clock::now();
  log.head(0, head);
  log.end(0);
  EXPECT_THAT(reflector->problem(), HasSubstr("slow down (429)"));
  ASSERT_TRUE(await_request(1));
  EXPECT_GE(EventLoop::Clock::now() - asked, 1s);
}

TEST_F(ReflectorTest, AnAccessErrorIsNoExchange) {
  access.server_error = "kubeconfig /x: no such file";
  context.emplace(kube::ReflectorContext{loop, *api, parser, timing, [] { return 0.5; }});
  reflector = std::move(kube::Reflector::create(*context, kube::resource_of(Kind::service, "n1"), services)).value();
  ASSERT_TRUE(await([&] { return failures(Cause::access) > 2; }));
  EXPECT_THAT(reflector->problem(), HasSubstr("kubeconfig /x: no such file"));
  EXPECT_THAT(log.exchanges, IsEmpty());
  access.server_error.clear();
  ASSERT_TRUE(await_request(0));
}

TEST_F(ReflectorTest, AnotherServerTakesOverWithTheState) {
  begin_watch({service("a", 1)});
  access.now.url = "https://192.0.2.2:6443";
  log.end(1);
  ASSERT_TRUE(await_request(2));
  EXPECT_EQ(log.clients, 2U);
  EXPECT_THAT(log.target(2), HasSubstr("resourceVersion=10&"));
  EXPECT_THAT(known(), ElementsAre("a:80"));
}

TEST_F(ReflectorTest, CredentialsMayComeLater) {
  access.plugin_runs = true;
  context.emplace(kube::ReflectorContext{loop, *api, parser, timing, [] { return 0.5; }});
  reflector = std::move(kube::Reflector::create(*context, kube::resource_of(Kind::service, "n1"), services)).value();
  ASSERT_TRUE(await([&] { return !access.waiting.empty(); }));
  EXPECT_THAT(log.exchanges, IsEmpty());
  access.waiting.front()(http::Credentials{.bearer_token = "from plugin"});
  ASSERT_EQ(log.exchanges.size(), 1U);
  EXPECT_EQ(log.exchanges[0].credentials.bearer_token, "from plugin");
}

TEST_F(ReflectorTest, CredentialsThatComeTooLateAreNobodys) {
  access.plugin_runs = true;
  context.emplace(kube::ReflectorContext{loop, *api, parser, timing, [] { return 0.5; }});
  reflector = std::move(kube::Reflector::create(*context, kube::resource_of(Kind::service, "n1"), services)).value();
  ASSERT_TRUE(await([&] { return !access.waiting.empty(); }));
  reflector.reset();
  access.waiting.front()(http::Credentials{});
  EXPECT_THAT(log.exchanges, IsEmpty());
  api.reset();
  access.waiting.front()(http::Credentials{});
}

TEST(Backoff, BoundDoublesUpToTheLongest) {
  double random = 0.999999;
  kube::Backoff backoff(800ms, 30s, [&random] { return random; });
  std::vector<std::int64_t> delays;
  for (int i = 0; i < 8; ++i) delays.push_back(backoff.next().count());
  EXPECT_THAT(delays, ElementsAre(799, 1599, 3199, 6399, 12799, 25599, 29999, 29999));
  random = 0;
  EXPECT_EQ(backoff.next(), 3s) << "never a busy loop";
  backoff.reset();
  EXPECT_EQ(backoff.next(), 80ms);
}

TEST_F(ReflectorTest, AWatchThatLivedResetsTheBackoff) {
  timing.settled = 0ms;
  timing.backoff_first = 5ms;
  timing.backoff_longest = 1h;
  begin_watch({});
  for (std::size_t i = 1; i < 20; ++i) {  // 5 ms doubled 19 times would be 40 minutes
    log.fail(i, http::Failure::cut, "x");
    ASSERT_TRUE(await_request(i + 1));
    log.head(i + 1, 200);
  }
}

}  // namespace
}  // namespace sp::test
