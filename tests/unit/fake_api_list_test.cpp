// SPDX-License-Identifier: Apache-2.0
// The fake API server's gets and lists, held against "API concepts" of the Kubernetes documentation.
#include "tests/harness/fake_api/fixture.h"

namespace sp::fake_api {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FakeApiList : public FakeApiTest {
 protected:
  void put_services(int count) {
    for (int i = 0; i < count; ++i) api_->put(service("s" + std::to_string(i)));
  }
};

TEST_F(FakeApiList, ItemsCarryNoTypeAndTheListCarriesTheNewestVersion) {
  const Version put = api_->put(service("web"));
  api_->put(node("n1"));
  const Answer list = get("/api/v1/services");
  ASSERT_EQ(list.status, 200);
  EXPECT_EQ(list.header("Content-Type"), "application/json");
  EXPECT_EQ(list.body["kind"], "ServiceList");
  EXPECT_EQ(list.body["apiVersion"], "v1");
  EXPECT_EQ(list.body["metadata"]["resourceVersion"], version());
  ASSERT_EQ(list.body["items"].size(), 1U);
  const Json& item = list.body["items"][0];
  EXPECT_FALSE(item.contains("kind") || item.contains("apiVersion"));
  EXPECT_EQ(item["metadata"]["resourceVersion"], std::to_string(put));
  EXPECT_FALSE(field_text(item, "metadata.uid").empty());
  EXPECT_THAT(api_->violations(), IsEmpty());
}

TEST_F(FakeApiList, AnEmptyListHasAnEmptyArray) {
  EXPECT_EQ(get("/apis/discovery.k8s.io/v1/endpointslices").body["items"], Json::array());
}

TEST_F(FakeApiList, ASingleObjectCarriesItsType) {
  api_->put(node("n1"));
  const Answer answer = get("/api/v1/nodes/n1");
  EXPECT_EQ(answer.body["kind"], "Node");
  EXPECT_EQ(answer.body["apiVersion"], "v1");
  const Answer missing = get("/api/v1/nodes/n2");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.body["message"], "nodes \"n2\" not found");
  EXPECT_EQ(missing.body["reason"], "NotFound");
}

TEST_F(FakeApiList, PagesAreOneConsistentState) {
  put_services(5);
  const std::string before = version();
  const Answer first = get("/api/v1/services?limit=2");
  EXPECT_THAT(names_of(first), ElementsAre("s0", "s1"));
  EXPECT_EQ(first.body["metadata"]["remainingItemCount"], 3);
  // What happens in between is not seen by the pages that follow.
  api_->remove("services", "default", "s3");
  api_->put(service("s2", {{"new", "yes"}}));
  const std::string token = first.body["metadata"]["continue"];
  const Answer second = get("/api/v1/services?limit=2&continue=" + token);
  EXPECT_THAT(names_of(second), ElementsAre("s2", "s3"));
  EXPECT_EQ(second.body["metadata"]["resourceVersion"], before);
  EXPECT_EQ(second.body["items"][0]["metadata"]["labels"], Json::object());
  const Answer last =
      get("/api/v1/services?limit=2&continue=" + second.body["metadata"]["continue"].get<std::string>());
  EXPECT_THAT(names_of(last), ElementsAre("s4"));
  EXPECT_FALSE(last.body["metadata"].contains("continue"));
  EXPECT_FALSE(last.body["metadata"].contains("remainingItemCount"));
  EXPECT_THAT(api_->violations(), IsEmpty());
}

TEST_F(FakeApiList, ATokenExpiresWithCompactionAndOffersToGoOnInconsistently) {
  put_services(3);
  const std::string token = get("/api/v1/services?limit=2").body["metadata"]["continue"];
  api_->put(service("s9"));
  api_->compact();
  const Answer gone = get("/api/v1/services?limit=2&continue=" + token);
  EXPECT_EQ(gone.status, 410);
  EXPECT_EQ(gone.body["kind"], "Status");
  EXPECT_EQ(gone.body["reason"], "Expired");
  const std::string next = gone.body["metadata"]["continue"];
  const Answer rest = get("/api/v1/services?limit=5&continue=" + next);
  EXPECT_THAT(names_of(rest), ElementsAre("s2", "s9"));
  EXPECT_EQ(rest.body["metadata"]["resourceVersion"], version());
}

TEST_F(FakeApiList, ATokenBelongsToItsSelectors) {
  put_services(3);
  const std::string token = get("/api/v1/services?limit=2").body["metadata"]["continue"];
  EXPECT_EQ(get("/api/v1/services?limit=2&labelSelector=a&continue=" + token).status, 400);
  EXPECT_EQ(get("/api/v1/pods?limit=2&continue=" + token).status, 400);
  EXPECT_EQ(get("/api/v1/services?limit=2&continue=nonsense").status, 400);
  EXPECT_EQ(api_->violations().size(), 3U);
}

TEST_F(FakeApiList, VersionsFollowTheTableOfTheDocumentation) {
  put_services(2);
  const std::string old = version();
  api_->put(service("s2"));
  EXPECT_THAT(names_of(get("/api/v1/services?resourceVersion=0")), ElementsAre("s0", "s1", "s2"));
  EXPECT_THAT(names_of(get("/api/v1/services?resourceVersion=0&limit=1")), ElementsAre("s0", "s1", "s2"));
  EXPECT_THAT(names_of(get("/api/v1/services?resourceVersion=" + old)), ElementsAre("s0", "s1", "s2"));
  EXPECT_THAT(names_of(get("/api/v1/services?resourceVersion=" + old + "&limit=9")), ElementsAre("s0", "s1"));
  const std::string exact = "/api/v1/services?resourceVersionMatch=Exact&resourceVersion=";
  EXPECT_THAT(names_of(get(exact + old)), ElementsAre("s0", "s1"));
  EXPECT_THAT(api_->violations(), IsEmpty());
  api_->compact();
  EXPECT_EQ(get(exact + old).status, 410);
  EXPECT_EQ(get(exact + "0").status, 422);
  EXPECT_EQ(get("/api/v1/services?resourceVersionMatch=Exact").status, 422);
  EXPECT_EQ(get("/api/v1/services?resourceVersionMatch=Newest&resourceVersion=1").status, 422);
  EXPECT_EQ(get("/api/v1/services?resourceVersion=x").status, 422);
  const Answer future = get("/api/v1/services?resourceVersion=999999");
  EXPECT_EQ(future.status, 504);
  EXPECT_EQ(future.body["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
  EXPECT_EQ(future.header("Retry-After"), "1");
}

TEST_F(FakeApiList, AStaleReplicaAnswersAnyVersionWithThePast) {
  put_services(3);
  Settings settings = api_->settings();
  settings.stale_by = 1;
  api_->set_settings(settings);
  EXPECT_THAT(names_of(get("/api/v1/services?resourceVersion=0")), ElementsAre("s0", "s1"));
  EXPECT_THAT(names_of(get("/api/v1/services")), ElementsAre("s0", "s1", "s2"));
}

TEST_F(FakeApiList, LabelSelectorsSelectAsDocumented) {
  api_->put(service("a", {{"app", "x"}, {"service.kubernetes.io/headless", ""}}));
  api_->put(service("b", {{"app", "y"}, {"n", "7"}}));
  api_->put(service("c"));
  const std::string list = "/api/v1/services?labelSelector=";
  EXPECT_THAT(names_of(get(list + "!service.kubernetes.io/headless")), ElementsAre("b", "c"));
  EXPECT_THAT(names_of(get(list + "%21service.kubernetes.io%2Fheadless")), ElementsAre("b", "c"));
  EXPECT_THAT(names_of(get(list + "app")), ElementsAre("a", "b"));
  EXPECT_THAT(names_of(get(list + "app%3Dx")), ElementsAre("a"));
  EXPECT_THAT(names_of(get(list + "app!%3Dx")), ElementsAre("b", "c"));
  EXPECT_THAT(names_of(get(list + "app%20in%20(x,y),n")), ElementsAre("b"));
  EXPECT_THAT(names_of(get(list + "app%20notin%20(x)")), ElementsAre("b", "c"));
  EXPECT_THAT(names_of(get(list + "n%3E6")), ElementsAre("b"));
  EXPECT_THAT(api_->violations(), IsEmpty());
  for (const char* bad : {"a%20b", "app%20in%20x", "app,", "-app", "!app%3Dx", "app%3Dx%20y", "n%3Ex", "/app"}) {
    EXPECT_EQ(get(list + bad).status, 400) << bad;
  }
}

TEST_F(FakeApiList, FieldSelectorsSelectWhatTheResourceOffers) {
  api_->put(service("a"));
  api_->put(service("b", Json::object(), "None"));
  api_->put(node("n1"));
  api_->put(node("n2"));
  EXPECT_THAT(names_of(get("/api/v1/services?fieldSelector=spec.clusterIP!%3DNone")), ElementsAre("a"));
  EXPECT_THAT(names_of(get("/api/v1/nodes?fieldSelector=metadata.name%3Dn2")), ElementsAre("n2"));
  const Answer bad = get("/api/v1/services?fieldSelector=spec.externalName%3Dx");
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.body["message"], "field label not supported: spec.externalName");
  EXPECT_EQ(get("/api/v1/services?fieldSelector=spec.clusterIP").status, 400);
}

TEST_F(FakeApiList, AFilteredListDoesNotKnowWhatRemains) {
  for (const char* name : {"a", "b", "c"}) api_->put(service(name, {{"app", name}}));
  const Answer page = get("/api/v1/services?limit=1&labelSelector=app%3Da");
  EXPECT_THAT(names_of(page), ElementsAre("a"));
  EXPECT_FALSE(page.body["metadata"].contains("remainingItemCount"));
  const std::string token = page.body["metadata"]["continue"];
  EXPECT_THAT(names_of(get("/api/v1/services?limit=1&labelSelector=app%3Da&continue=" + token)), IsEmpty());
}

TEST_F(FakeApiList, NamespacesAreCollectionsOfTheirOwn) {
  api_->put(service("a"));
  Json other = service("a");
  other["metadata"]["namespace"] = "default-2";
  api_->put(other);
  EXPECT_EQ(get("/api/v1/services").body["items"].size(), 2U);
  EXPECT_EQ(get("/api/v1/namespaces/default/services").body["items"].size(), 1U);
  EXPECT_EQ(get("/api/v1/namespaces/default/services/a").status, 200);
  EXPECT_EQ(get("/api/v1/services/a").status, 404);
}

TEST_F(FakeApiList, ALargeListIsCompressedForWhoWantsIt) {
  for (int i = 0; i < 200; ++i) api_->put(service("s" + std::to_string(i), {{"note", std::string(900, 'x')}}));
  const ApiClient wants(api_->url(), {{"Accept-Encoding", "gzip"}});
  const Answer packed = wants.get("/api/v1/services");
  EXPECT_EQ(packed.header("Content-Encoding"), "gzip");
  EXPECT_EQ(packed.body["items"].size(), 200U) << "httplib unpacks it";
  EXPECT_EQ(get("/api/v1/services").header("Content-Encoding"), "");
}

TEST_F(FakeApiList, WhatARealServerIgnoresIsAViolation) {
  EXPECT_EQ(get("/api/v1/services?limit=5&colour=red").status, 200);
  EXPECT_THAT(api_->violations(), ElementsAre("unknown query parameter colour"));
}

TEST_F(FakeApiList, WhatARealServerRefusesIsRefused) {
  EXPECT_EQ(get("/api/v1/services?limit=many").status, 400);
  EXPECT_EQ(get("/api/v1/services?timeoutSeconds=-1").status, 400);
  EXPECT_EQ(get("/api/v1/services?continue=%zz").status, 400);
  EXPECT_EQ(get("/api/v1/servises").status, 404);
  EXPECT_EQ(get("/api/v1/nodes/n1/proxy").status, 404);
  EXPECT_EQ(get("/api/v1/services?resourceVersion=5&continue=x").status, 400);
  const ApiClient wants_protobuf(api_->url(), {{"Accept", "application/vnd.kubernetes.protobuf"}});
  const Answer answer = wants_protobuf.get("/api/v1/services");
  EXPECT_EQ(answer.status, 406);
  EXPECT_EQ(answer.body["reason"], "NotAcceptable");
  EXPECT_THAT(api_->violations(), Contains(HasSubstr("Accept without application/json")));
}

}  // namespace
}  // namespace sp::fake_api
