// SPDX-License-Identifier: Apache-2.0
// The fake API server's watches, held against "API concepts" of the Kubernetes documentation.
#include "tests/harness/fake_api/fixture.h"

namespace sp::fake_api {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FakeApiWatch : public FakeApiTest {
 protected:
  [[nodiscard]] std::unique_ptr<WatchReader> watch(const std::string& rest,
                                                   const std::string& collection = "/api/v1/services") {
    auto reader = std::make_unique<WatchReader>(*client_, collection + "?watch=true&timeoutSeconds=60" + rest);
    EXPECT_TRUE(reader->begun());
    return reader;
  }
  void set(const std::function<void(Settings&)>& change) {
    Settings settings = api_->settings();
    change(settings);
    api_->set_settings(settings);
  }
};

TEST_F(FakeApiWatch, TellsEachChangeAfterTheVersion) {
  api_->put(service("old"));
  const auto reader = watch("&resourceVersion=" + version());
  api_->put(service("web"));
  const Json added = reader->next();
  EXPECT_EQ(added["type"], "ADDED");
  EXPECT_EQ(added["object"]["kind"], "Service");
  EXPECT_EQ(added["object"]["apiVersion"], "v1");
  EXPECT_EQ(added["object"]["metadata"]["resourceVersion"], version());
  api_->put(service("web", {{"a", "b"}}));
  EXPECT_EQ(reader->next_text(), "MODIFIED default/web");
  api_->remove("services", "default", "web");
  const Json deleted = reader->next();
  EXPECT_EQ(deleted["type"], "DELETED");
  EXPECT_EQ(deleted["object"]["metadata"]["labels"]["a"], "b") << "the last state";
  EXPECT_EQ(deleted["object"]["metadata"]["resourceVersion"], version()) << "under the version of the deletion";
  EXPECT_THAT(api_->violations(), IsEmpty());
}

TEST_F(FakeApiWatch, BeginsWithTheStateWhenNoVersionIsGiven) {
  api_->put(service("a"));
  for (const char* from : {"", "&resourceVersion=0"}) {
    const auto reader = watch(from);
    EXPECT_EQ(reader->next_text(), "ADDED default/a");
  }
}

TEST_F(FakeApiWatch, ResumesWhereItWasLeft) {
  const std::string from = version();
  api_->put(service("a"));
  api_->remove("services", "default", "a");
  const auto reader = watch("&resourceVersion=" + from);
  EXPECT_EQ(reader->next_text(), "ADDED default/a");
  EXPECT_EQ(reader->next_text(), "DELETED default/a");
}

TEST_F(FakeApiWatch, ObjectsThatStopToMatchAreDeletedInTheirLastMatchingState) {
  const std::string proxied = "&labelSelector=!service.kubernetes.io/service-proxy-name";
  const auto reader = watch("&resourceVersion=" + version() + proxied);
  api_->put(service("web", {{"v", "1"}}));
  EXPECT_EQ(reader->next_text(), "ADDED default/web");
  api_->put(service("web", {{"v", "2"}, {"service.kubernetes.io/service-proxy-name", ""}}));
  const Json gone = reader->next();
  EXPECT_EQ(gone["type"], "DELETED");
  EXPECT_EQ(gone["object"]["metadata"]["labels"], (Json{{"v", "1"}}));
  EXPECT_EQ(gone["object"]["metadata"]["resourceVersion"], version());
  api_->put(service("web", {{"v", "3"}, {"service.kubernetes.io/service-proxy-name", "x"}}));
  api_->put(service("web", {{"v", "4"}}));
  EXPECT_EQ(reader->next_text(), "ADDED default/web");
}

TEST_F(FakeApiWatch, FieldSelectorsFilterEvents) {
  const auto reader = watch("&fieldSelector=metadata.name%3Dn2&resourceVersion=" + version(), "/api/v1/nodes");
  api_->put(node("n1"));
  api_->put(node("n2"));
  EXPECT_EQ(reader->next_text(), "ADDED n2");
}

TEST_F(FakeApiWatch, BookmarksCarryOnlyTheVersion) {
  set([](Settings& settings) { settings.bookmark_interval = 100ms; });
  const auto reader = watch("&allowWatchBookmarks=true&resourceVersion=" + version());
  api_->put(node("n1"));  // of another resource: only a bookmark tells that time went on
  Json bookmark;
  do bookmark = reader->next();
  while (bookmark.is_object() && bookmark["object"]["metadata"]["resourceVersion"] != version());
  EXPECT_EQ(bookmark["type"], "BOOKMARK");
  EXPECT_EQ(bookmark["object"]["kind"], "Service");
  EXPECT_EQ(field_text(bookmark["object"], "metadata.name"), "");
  const auto without = watch("&resourceVersion=" + version());
  EXPECT_TRUE(without->next(400ms).is_null()) << "nobody asked for bookmarks";
}

TEST_F(FakeApiWatch, ABookmarkComesBeforeTheEnd) {
  const WatchReader reader(
      *client_, "/api/v1/services?watch=1&allowWatchBookmarks=1&resourceVersion=" + version() + "&timeoutSeconds=3");
  EXPECT_EQ(const_cast<WatchReader&>(reader).next(2s)["type"], "BOOKMARK");
}

TEST_F(FakeApiWatch, EndsCleanlyWhenItsTimeIsUp) {
  WatchReader reader(*client_, "/api/v1/services?watch=true&timeoutSeconds=1&resourceVersion=" + version());
  EXPECT_TRUE(reader.ended_cleanly());
  EXPECT_EQ(reader.rest(), "");
}

TEST_F(FakeApiWatch, StreamsAListThatEndsWithAMarkedBookmark) {
  api_->put(service("a"));
  api_->put(service("b"));
  const auto reader = watch("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
  EXPECT_EQ(reader->next_text(), "ADDED default/a");
  EXPECT_EQ(reader->next_text(), "ADDED default/b");
  const Json end = reader->next();
  EXPECT_EQ(end["type"], "BOOKMARK");
  EXPECT_EQ(end["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
  EXPECT_EQ(end["object"]["metadata"]["resourceVersion"], version());
  api_->put(service("c"));
  EXPECT_EQ(reader->next_text(), "ADDED default/c");
  EXPECT_THAT(api_->violations(), IsEmpty());
}

TEST_F(FakeApiWatch, SendInitialEventsFalseSkipsTheState) {
  api_->put(service("a"));
  const auto reader = watch("&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
  api_->put(service("b"));
  EXPECT_EQ(reader->next_text(), "ADDED default/b");
}

TEST_F(FakeApiWatch, StreamingListsAreRefusedWithoutTheirMatchOrTheFeature) {
  const std::string target =
      "/api/v1/services?watch=true&timeoutSeconds=5&allowWatchBookmarks=true&sendInitialEvents=true";
  const Answer no_match = get(target);
  EXPECT_EQ(no_match.status, 422);
  EXPECT_EQ(no_match.body["reason"], "Invalid");
  EXPECT_EQ(get("/api/v1/services?watch=true&timeoutSeconds=5&resourceVersionMatch=NotOlderThan").status, 422);
  EXPECT_EQ(get("/api/v1/services?sendInitialEvents=true").status, 422);
  set([](Settings& settings) { settings.streaming_lists = false; });
  const Answer no_feature = get(target + "&resourceVersionMatch=NotOlderThan");
  EXPECT_EQ(no_feature.status, 422);
  EXPECT_THAT(no_feature.body["message"].get<std::string>(), HasSubstr("WatchList feature gate"));
}

TEST_F(FakeApiWatch, AnExpiredVersionIsAnErrorEventOrAStatus) {
  const std::string old = version();
  api_->put(service("a"));
  api_->compact();
  const auto reader = watch("&resourceVersion=" + old);
  const Json error = reader->next();
  EXPECT_EQ(error["type"], "ERROR");
  EXPECT_EQ(error["object"]["kind"], "Status");
  EXPECT_EQ(error["object"]["code"], 410);
  EXPECT_EQ(error["object"]["reason"], "Expired");
  EXPECT_TRUE(reader->ended_cleanly());
  EXPECT_EQ(reader->status(), 200);
  set([](Settings& settings) { settings.expired_as_status = true; });
  EXPECT_EQ(get("/api/v1/services?watch=true&timeoutSeconds=5&resourceVersion=" + old).status, 410);
}

TEST_F(FakeApiWatch, CompactionDoesNotDisturbWatchesUnderWay) {
  const auto reader = watch("&resourceVersion=" + version());
  for (int i = 0; i < 20; ++i) {
    api_->put(service("s" + std::to_string(i)));
    api_->compact();
    EXPECT_EQ(reader->next_text(), "ADDED default/s" + std::to_string(i));
  }
}

TEST_F(FakeApiWatch, AVersionOfTheFutureIsWaitedForInSilence) {
  const auto reader = watch("&resourceVersion=" + std::to_string(api_->version() + 2));
  api_->put(service("a"));
  api_->put(service("b"));
  EXPECT_TRUE(reader->next(300ms).is_null());
  api_->put(service("c"));
  EXPECT_EQ(reader->next_text(), "ADDED default/c");
}

TEST_F(FakeApiWatch, WhatMakesNoSenseIsAViolation) {
  const auto reader = watch("&limit=5&resourceVersion=" + version());
  const WatchReader endless(*client_, "/api/v1/services?watch=true&resourceVersion=" + version());
  ASSERT_TRUE(api_->journal().await("watch", "services", 2, 5s));
  api_->put(service("a"));
  EXPECT_EQ(reader->next_text(), "ADDED default/a");
  EXPECT_THAT(api_->violations(), Contains("limit on a watch"));
}

}  // namespace
}  // namespace sp::fake_api
