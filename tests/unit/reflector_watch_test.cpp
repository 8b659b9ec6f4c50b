// SPDX-License-Identifier: Apache-2.0
// Watches: events in pieces, bookmarks, errors in mid-stream, silence, time that must not run backwards.
#include "tests/harness/reflector_fixture.h"

namespace sp::test {
namespace {

using namespace std::chrono_literals;
using kube::Cause;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(ReflectorTest, EventsChangeTheCluster) {
  begin_watch({service("a", 1)});
  (void)changed();
  log.body(1, event("ADDED", service("b", 11)) + event("MODIFIED", service("a", 12, 81)));
  EXPECT_THAT(known(), ElementsAre("a:81", "b:80"));
  log.body(1, event("DELETED", service("a", 13)));
  EXPECT_THAT(known(), ElementsAre("b:80"));
  EXPECT_THAT(changed(), ElementsAre("a", "b"));
  const kube::ResourceStats stats = reflector->stats();
  EXPECT_EQ(stats.added, 1U);
  EXPECT_EQ(stats.modified, 1U);
  EXPECT_EQ(stats.deleted, 1U);
  EXPECT_EQ(stats.objects, 1U);
  EXPECT_TRUE(stats.synced);
}

TEST_F(ReflectorTest, AnEqualObjectIsNoChange) {
  begin_watch({service("a", 1)});
  (void)changed();
  log.body(1, event("MODIFIED", service("a", 11)));
  EXPECT_THAT(changed(), IsEmpty());
}

TEST_F(ReflectorTest, EventsMayBeSplitAnywhere) {
  begin_watch({});
  const std::string text = event("ADDED", service("a", 11)) + "\r\n" + event("ADDED", service("b", 12));
  for (const char c : text) log.body(1, std::string_view(&c, 1));
  EXPECT_THAT(known(), ElementsAre("a:80", "b:80"));
}

TEST_F(ReflectorTest, AWatchThatEndsGoesOnBehindTheLastEventOrBookmark) {
  begin_watch({});
  log.body(1, event("ADDED", service("a", 11)));
  log.end(1);
  ASSERT_TRUE(await_request(2));
  EXPECT_THAT(log.target(2), HasSubstr("resourceVersion=11&"));
  log.head(2, 200);
  log.body(2, bookmark(50));
  log.end(2);
  ASSERT_TRUE(await_request(3));
  EXPECT_THAT(log.target(3), HasSubstr("resourceVersion=50&"));
  EXPECT_THAT(reflector->problem(), IsEmpty());
  EXPECT_EQ(reflector->stats().bookmarks, 1U);
  EXPECT_EQ(reflector->stats().lists, 1U);
}

TEST_F(ReflectorTest, ACutWatchGoesOnWithoutAList) {
  begin_watch({service("a", 1)});
  log.body(1, event("ADDED", service("b", 11)) + R"({"type":"DEL)");
  log.fail(1, http::Failure::cut, "reset by peer");
  EXPECT_THAT(known(), ElementsAre("a:80", "b:80"));
  EXPECT_THAT(reflector->problem(), AllOf(HasSubstr("reset by peer"), HasSubstr("stays in force")));
  EXPECT_FALSE(reflector->stats().synced);
  ASSERT_TRUE(await_request(2));
  EXPECT_THAT(log.target(2), HasSubstr("watch=1&allowWatchBookmarks=true&resourceVersion=11&"));
  log.head(2, 200);
  EXPECT_TRUE(await([&] { return reflector->problem().empty(); })) << "a watch that lives ends the problem";
}

TEST_F(ReflectorTest, A410OfTheWatchItselfListsTheLatestState) {
  begin_watch({service("a", 1)});
  log.end(1);
  ASSERT_TRUE(await_request(2));
  log.answer(2, 410, status(410));
  ASSERT_TRUE(await_request(3));
  EXPECT_THAT(log.target(3), AllOf(HasSubstr("limit=500"), Not(HasSubstr("resourceVersion"))));
  EXPECT_EQ(failures(Cause::gone), 1U);
}

TEST_F(ReflectorTest, AnotherErrorEventIsWaitedOut) {
  begin_watch({service("a", 1)});
  log.body(1, event("ERROR", status(500, "etcd has no leader")));
  EXPECT_TRUE(log.exchanges[1].cancelled);
  EXPECT_THAT(reflector->problem(), HasSubstr("the API server fails (500) (etcd has no leader)"));
  ASSERT_TRUE(await_request(2));
  EXPECT_THAT(log.target(2), HasSubstr("resourceVersion=10&"));
}

TEST_F(ReflectorTest, GarbageCutsTheWatchAndTheSecondTimeLists) {
  begin_watch({});
  log.body(1, event("ADDED", service("a", 11)) + "}{\"type\":\n" + event("ADDED", service("b", 12)));
  EXPECT_TRUE(log.exchanges[1].cancelled);
  EXPECT_THAT(known(), ElementsAre("a:80")) << "nothing behind the garbage counts";
  EXPECT_THAT(reflector->problem(), HasSubstr("watch services: the answer has a line that is no JSON"));
  ASSERT_TRUE(await_request(2));
  EXPECT_THAT(log.target(2), HasSubstr("resourceVersion=11&"));
  log.head(2, 200);
  log.body(2, "}{\"type\":\n");
  ASSERT_TRUE(await_request(3));
  EXPECT_THAT(log.target(3), HasSubstr("limit=500"));
  EXPECT_EQ(failures(Cause::content), 2U);
}

TEST_F(ReflectorTest, GarbageOfSeveralSortsIsRefused) {
  begin_watch({});
  const std::vector<std::string> lines = {
      "[]\n",
      "{}\n",
      "{\"type\":\"ADDED\"}\n",
      "{\"type\":\"ADDED\",\"object\":3}\n",
      event("RENAMED", service("a", 11)),
  };
  std::size_t request = 1;
  for (const std::string& line : lines) {
    log.body(request, line);
    EXPECT_TRUE(log.exchanges[request].cancelled) << line;
    // A watch that is refused twice in one place is a list: have one in between.
    ASSERT_TRUE(await_request(++request));
    if (log.target(request).find("watch=1") == std::string::npos) {
      log.answer(request, 200, list({}, 10));
      ASSERT_TRUE(await_request(++request));
    }
    log.head(request, 200);
  }
  EXPECT_THAT(known(), IsEmpty());
}

TEST_F(ReflectorTest, AnOldEventIsNotAppliedAndLeadsToAList) {
  begin_watch({});
  log.body(1, event("ADDED", service("a", 20, 82)) + event("MODIFIED", service("a", 19, 81)));
  EXPECT_THAT(known(), ElementsAre("a:82"));
  EXPECT_TRUE(log.exchanges[1].cancelled);
  ASSERT_TRUE(await_request(2));
  EXPECT_THAT(log.target(2), AllOf(HasSubstr("limit=500"), Not(HasSubstr("resourceVersion"))));
}

TEST_F(ReflectorTest, OneLateBookmarkIsIgnoredAndTwoLeadToAList) {
  begin_watch({});
  log.body(1, event("ADDED", service("a", 20)) + bookmark(5));
  EXPECT_FALSE(log.exchanges[1].over);
  log.body(1, bookmark(6));
  EXPECT_TRUE(log.exchanges[1].cancelled);
  ASSERT_TRUE(await_request(2));
  EXPECT_THAT(log.target(2), HasSubstr("limit=500"));
}

TEST_F(ReflectorTest, AHugeLineEndsTheWatch) {
  begin_watch({});
  const std::string piece(std::size_t{1} << 20, 'x');
  for (int i = 0; i < 40 && !log.exchanges[1].over; ++i) log.body(1, piece);
  EXPECT_TRUE(log.exchanges[1].cancelled);
  EXPECT_THAT(reflector->problem(), HasSubstr("a line is longer than 33554432 bytes"));
}

TEST_F(ReflectorTest, ASilentWatchIsKeptWhileTheServerAnswersOtherRequests) {
  timing.silence = 20ms;
  begin_watch({});
  ASSERT_TRUE(await_request(2));
  EXPECT_EQ(log.target(2), "/api/v1/services?limit=1");
  EXPECT_FALSE(log.exchanges[1].over);
  log.answer(2, 200, list({service("a", 1)}, 12, "more"));
  EXPECT_FALSE(log.exchanges[1].over);
  ASSERT_TRUE(await_request(3)) << "a second silence costs the connection";
  EXPECT_TRUE(log.exchanges[1].cancelled);
  EXPECT_THAT(log.target(3), HasSubstr("resourceVersion=10&"));
  EXPECT_EQ(log.renewals, 1U);
  EXPECT_THAT(reflector->problem(), IsEmpty());
}

TEST_F(ReflectorTest, ASilentWatchIsCutWhenTheServerAnswersNothing) {
  timing.silence = 20ms;
  timing.probe_limit = 10ms;
  begin_watch({});
  ASSERT_TRUE(await_request(3));
  EXPECT_THAT(log.target(2), HasSubstr("?limit=1"));
  EXPECT_TRUE(log.exchanges[1].cancelled);
  EXPECT_TRUE(log.exchanges[2].cancelled);
  EXPECT_THAT(log.target(3), HasSubstr("resourceVersion=10&"));
  EXPECT_EQ(failures(Cause::silent), 1U);
  EXPECT_EQ(log.renewals, 1U);
}

TEST_F(ReflectorTest, ASilentServerWhoseHistoryIsBehindOursIsListed) {
  timing.silence = 20ms;
  begin_watch({service("a", 1)});
  ASSERT_TRUE(await_request(2));
  log.answer(2, 200, list({}, 9));
  EXPECT_TRUE(log.exchanges[1].cancelled);
  EXPECT_THAT(reflector->problem(), HasSubstr("at version 9 and we are at 10: it was restored from a backup"));
  ASSERT_TRUE(await_request(3));
  EXPECT_THAT(log.target(3), AllOf(HasSubstr("limit=500"), Not(HasSubstr("resourceVersion"))));
  log.answer(3, 200, list({service("b", 2)}, 9));
  EXPECT_THAT(known(), ElementsAre("b:80"));
  EXPECT_THAT(log.target(4), HasSubstr("resourceVersion=9&"));
}

TEST_F(ReflectorTest, AProbeThatIsRefusedProvesThatTheServerIsThere) {
  timing.silence = 20ms;
  begin_watch({});
  ASSERT_TRUE(await_request(2));
  log.answer(2, 403, status(403));
  EXPECT_FALSE(log.exchanges[1].over);
}

TEST_F(ReflectorTest, AByteExcusesSilence) {
  timing.silence = 20ms;
  begin_watch({});
  ASSERT_TRUE(await_request(2));
  log.body(1, bookmark(11));
  EXPECT_TRUE(log.exchanges[2].cancelled) << "the probe has no question left";
  EXPECT_FALSE(log.exchanges[1].over);
}

TEST_F(ReflectorTest, AByteBetweenTwoSilencesExcusesBoth) {
  timing.silence = 20ms;
  begin_watch({});
  ASSERT_TRUE(await_request(2));
  log.answer(2, 200, list({}, 12));
  log.body(1, bookmark(12));
  ASSERT_TRUE(await_request(3));
  EXPECT_THAT(log.target(3), HasSubstr("?limit=1"));
  EXPECT_FALSE(log.exchanges[1].over);
}

TEST_F(ReflectorTest, AWatchThatOutlivesItsTimeIsCutAndResumed) {
  timing.watch_shortest = timing.watch_longest = 0s;
  timing.watch_grace = 20ms;
  begin_watch({service("a", 1)});
  ASSERT_TRUE(await_request(2));
  EXPECT_TRUE(log.exchanges[1].cancelled);
  EXPECT_THAT(log.target(2), HasSubstr("resourceVersion=10&"));
  EXPECT_THAT(reflector->problem(), IsEmpty());
}

}  // namespace
}  // namespace sp::test
