// SPDX-License-Identifier: Apache-2.0
// Lists: pages, versions that have expired, differences, what a broken answer must not do.
#include "tests/harness/reflector_fixture.h"

namespace sp::test {
namespace {

using kube::Cause;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(ReflectorTest, FirstListIsTheCheapOneAndTheWatchBeginsWhereItEnded) {
  begin();
  EXPECT_EQ(log.target(0),
            "/api/v1/services?labelSelector=%21service.kubernetes.io%2Fservice-proxy-name"
            "&fieldSelector=spec.clusterIP%21%3DNone&limit=500&resourceVersion=0");
  log.answer(0, 200, list({service("a", 3), service("b", 4)}, 10));
  EXPECT_THAT(known(), ElementsAre("a:80", "b:80"));
  EXPECT_TRUE(reflector->listed());
  ASSERT_EQ(log.exchanges.size(), 2U);
  EXPECT_EQ(log.target(1),
            "/api/v1/services?labelSelector=%21service.kubernetes.io%2Fservice-proxy-name"
            "&fieldSelector=spec.clusterIP%21%3DNone&watch=1&allowWatchBookmarks=true&resourceVersion=10"
            "&timeoutSeconds=360");
  EXPECT_EQ(log.exchanges[1].credentials.bearer_token, "t1");
}

TEST_F(ReflectorTest, SelectorsNameTheNode) {
  EXPECT_EQ(kube::resource_of(model::Kind::pod, "n1").selector, "fieldSelector=spec.nodeName%3Dn1");
  EXPECT_EQ(kube::resource_of(model::Kind::node, "n1").selector, "fieldSelector=metadata.name%3Dn1");
  EXPECT_EQ(kube::resource_of(model::Kind::endpoint_slice, "n1").selector,
            "labelSelector=%21service.kubernetes.io%2Fheadless");
  EXPECT_EQ(kube::resource_of(model::Kind::service_cidr, "n1").selector, "");
}

TEST_F(ReflectorTest, PagesAreOneList) {
  begin();
  log.answer(0, 200, list({service("a", 3)}, 10, "next/1"));
  EXPECT_THAT(known(), ElementsAre("a:80"));
  EXPECT_FALSE(reflector->listed());
  ASSERT_EQ(log.exchanges.size(), 2U);
  EXPECT_THAT(log.target(1), AllOf(HasSubstr("&limit=500&continue=next%2F1"), Not(HasSubstr("resourceVersion"))));
  log.answer(1, 200, list({service("b", 4)}, 10));
  EXPECT_THAT(known(), ElementsAre("a:80", "b:80"));
  EXPECT_TRUE(reflector->listed());
}

TEST_F(ReflectorTest, AnExpiredContinueTokenRestartsTheListInOneAnswer) {
  begin();
  log.answer(0, 200, list({service("a", 3)}, 10, "t"));
  log.answer(1, 410, status(410));
  ASSERT_EQ(log.exchanges.size(), 3U);
  EXPECT_THAT(log.target(2), AllOf(Not(HasSubstr("limit")), Not(HasSubstr("continue")), Not(HasSubstr("resourceV"))));
  log.answer(2, 200, list({service("b", 12)}, 12));
  EXPECT_THAT(known(), ElementsAre("b:80")) << "what only the first pages had is gone";
  EXPECT_TRUE(reflector->listed());
  EXPECT_EQ(failures(Cause::gone), 0U);
}

TEST_F(ReflectorTest, A410WithoutAContinueTokenListsTheLatestState) {
  begin();
  log.answer(0, 410, status(410));
  ASSERT_TRUE(await_request(1));
  EXPECT_THAT(log.target(1), AllOf(HasSubstr("limit=500"), Not(HasSubstr("resourceVersion"))));
  EXPECT_THAT(reflector->problem(), IsEmpty()) << "an ordinary event";
}

TEST_F(ReflectorTest, ASecondListIsADifference) {
  begin_watch({service("a", 1), service("b", 2), service("c", 3)});
  EXPECT_THAT(changed(), ElementsAre("a", "b", "c"));
  log.body(1, event("ERROR", status(410)));
  ASSERT_TRUE(await_request(2));
  log.head(2, 200);
  log.body(2, list({service("a", 1), service("b", 20, 81), service("d", 21)}, 30, "t"));
  EXPECT_THAT(known(), ElementsAre("a:80", "b:81", "c:80", "d:80")) << "nothing goes before the list is whole";
  log.end(2);
  log.answer(3, 200, list({}, 30));
  EXPECT_THAT(known(), ElementsAre("a:80", "b:81", "d:80"));
  EXPECT_THAT(changed(), ElementsAre("b", "c", "d"));
  EXPECT_EQ(reflector->stats().relists, 1U);
}

TEST_F(ReflectorTest, AListThatIsCutTakesNothingAway) {
  begin_watch({service("a", 1), service("b", 2)});
  log.body(1, event("ERROR", status(410)));
  ASSERT_TRUE(await_request(2));
  const std::string text = list({service("a", 1)}, 30);
  log.head(2, 200);
  log.body(2, text.substr(0, text.size() - 4));
  log.fail(2, http::Failure::cut, "the connection ended");
  EXPECT_THAT(known(), ElementsAre("a:80", "b:80"));
  ASSERT_TRUE(await_request(3));
  EXPECT_THAT(log.target(3), Not(HasSubstr("resourceVersion")));
}

TEST_F(ReflectorTest, AnAnswerThatEndsEarlyIsNoList) {
  begin();
  log.answer(0, 200, R"({"kind":"ServiceList","metadata":{"resourceVersion":"1"},"items":[)");
  EXPECT_FALSE(reflector->listed());
  EXPECT_THAT(reflector->problem(), HasSubstr("list services: the answer ends before it is whole"));
  ASSERT_TRUE(await_request(1));
  log.answer(1, 200, list({}, 10));
  EXPECT_TRUE(reflector->listed());
  EXPECT_THAT(reflector->problem(), IsEmpty());
}

TEST_F(ReflectorTest, BrokenListsAreRefused) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"<html>Log in</html>", "is no JSON object"},
      {"[]", "is no JSON object"},
      {R"({"kind":"ServiceList","metadata":{"resourceVersion":"1"},"items":[1]})", "items that are no JSON objects"},
      {R"({"kind":"ServiceList","metadata":{"resourceVersion":"1"},"items":[{"a":tru}]})", "an item that is no JSON"},
      {R"({"kind":"ServiceList","metadata":{},"items":[]})", "lacks metadata.resourceVersion"},
      {R"({"kind":"Table","metadata":{"resourceVersion":"1"},"items":[]})", "is no List of Kubernetes"},
      {R"({"kind":"ServiceList","items":[],"x":tru})", "is no List of Kubernetes"},
      {R"({"kind":"ServiceList","metadata":{"resourceVersion":"1"},"items":[]}x)", "goes on after its end"},
  };
  begin();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    ASSERT_TRUE(await_request(i));
    log.answer(i, 200, cases[i].first);
    EXPECT_THAT(reflector->problem(), HasSubstr(cases[i].second)) << cases[i].first;
  }
  EXPECT_EQ(failures(Cause::content), cases.size());
  EXPECT_FALSE(reflector->listed());
}

TEST_F(ReflectorTest, ListsMayBeCompressedAndWatchesNot) {
  begin_watch({service("a", 1)});
  EXPECT_TRUE(log.exchanges[0].request.takes_gzip);
  EXPECT_FALSE(log.exchanges[1].request.takes_gzip);
}

TEST_F(ReflectorTest, AListThatCannotBeDecompressedIsOfThatResource) {
  begin();
  log.head(0, 200);
  log.fail(0, http::Failure::encoding, "the answer of 192.0.2.1:6443 is no intact gzip");
  EXPECT_THAT(reflector->problem(), HasSubstr("list services: the answer of 192.0.2.1:6443 is no intact gzip: check"));
  EXPECT_EQ(failures(Cause::content), 1U);
  ASSERT_TRUE(await_request(1));
  log.answer(1, 200, list({service("a", 1)}, 10));
  EXPECT_TRUE(reflector->listed());
  EXPECT_THAT(reflector->problem(), IsEmpty());
}

TEST_F(ReflectorTest, AnEmptyClusterHasNoItems) {
  begin();
  log.answer(0, 200, R"({"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":null})");
  EXPECT_TRUE(reflector->listed());
  EXPECT_THAT(log.target(1), HasSubstr("resourceVersion=7&"));
}

TEST_F(ReflectorTest, AListThatDripsForEverIsGivenUp) {
  timing.list_limit = std::chrono::milliseconds(20);
  begin();
  log.head(0, 200);
  log.body(0, "{");
  ASSERT_TRUE(await_request(1));
  EXPECT_TRUE(log.exchanges[0].cancelled);
  EXPECT_THAT(reflector->problem(), HasSubstr("a list has not ended in time"));
}

TEST_F(ReflectorTest, AnObjectWithoutANameStopsTheSweepAndNothingElse) {
  begin_watch({service("a", 1), service("b", 2)});
  log.body(1, event("ERROR", status(410)));
  ASSERT_TRUE(await_request(2));
  std::string nameless = service("x", 1);
  nameless.replace(nameless.find("\"x\""), 3, "7");
  log.answer(2, 200, list({service("a", 1, 81), nameless}, 30));
  EXPECT_THAT(known(), ElementsAre("a:81", "b:80"));
  EXPECT_THAT(journal.take().complaints,
              ElementsAre(testing::Field(&source::Complaint::text,
                                         "Service: metadata.name: 7 is a number, expected a string")));
}

}  // namespace
}  // namespace sp::test
