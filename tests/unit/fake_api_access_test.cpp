// SPDX-License-Identifier: Apache-2.0
// Who may talk to the fake API server, what for, and what it says to the others; and the writes of an agent.
#include "tests/harness/certificates.h"
#include "tests/harness/fake_api/fixture.h"

namespace sp::fake_api {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FakeApiAccess : public FakeApiTest {
 protected:
  void SetUp() override {
    FakeApiTest::SetUp();
    api_->gatekeeper().accept_token("good", "system:kube-proxy");
  }
  [[nodiscard]] ApiClient client(const std::string& token) const {
    return ApiClient(api_->url(), {{"Authorization", "Bearer " + token}});
  }
};

TEST_F(FakeApiAccess, NoTokenAndAWrongOneAreUnauthorized) {
  for (const Answer& answer : {get("/api/v1/services"), client("bad").get("/api/v1/services")}) {
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.body["kind"], "Status");
    EXPECT_EQ(answer.body["message"], "Unauthorized");
  }
  EXPECT_EQ(client("good").get("/api/v1/services").status, 200);
  EXPECT_EQ(api_->journal().entries().back().user, "system:kube-proxy");
  api_->gatekeeper().revoke_token("good");
  EXPECT_EQ(client("good").get("/api/v1/services").status, 401);
}

TEST_F(FakeApiAccess, HealthAndVersionAreForEverybody) {
  EXPECT_EQ(get("/livez").text, "ok");
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(get("/version").body["major"], "1");
}

TEST_F(FakeApiAccess, AForbiddenVerbIsToldInTheWordsOfTheServer) {
  api_->gatekeeper().deny({"list", "services"});
  const Answer services = client("good").get("/api/v1/services");
  EXPECT_EQ(services.status, 403);
  EXPECT_EQ(services.body["reason"], "Forbidden");
  EXPECT_EQ(services.body["message"],
            "services is forbidden: User \"system:kube-proxy\" cannot list resource \"services\" in API group \"\" at "
            "the cluster scope");
  api_->gatekeeper().permit({"list", "services"});
  EXPECT_EQ(client("good").get("/api/v1/services").status, 200);
  api_->gatekeeper().deny({"*", "endpointslices"});
  EXPECT_EQ(client("good").get("/apis/discovery.k8s.io/v1/namespaces/x/endpointslices").body["message"],
            "endpointslices.discovery.k8s.io is forbidden: User \"system:kube-proxy\" cannot list resource "
            "\"endpointslices\" in API group \"discovery.k8s.io\" in the namespace \"x\"");
}

TEST_F(FakeApiAccess, AListOfOneNameIsForbiddenForThatName) {
  api_->gatekeeper().restrict_to(std::vector<Right>{});
  const Answer answer = client("good").get("/api/v1/nodes?fieldSelector=metadata.name%3Dn1");
  EXPECT_THAT(answer.body["message"].get<std::string>(), HasSubstr("nodes \"n1\" is forbidden"));
  api_->gatekeeper().restrict_to(node_proxier_rights());
  EXPECT_EQ(client("good").get("/api/v1/nodes?fieldSelector=metadata.name%3Dn1").status, 200);
  EXPECT_EQ(client("good").remove("/api/v1/nodes/n1").status, 403);
}

TEST_F(FakeApiAccess, ACertificateOfTheAuthorityIsAnIdentity) {
  const test::Authority authority("ca");
  const auto server = authority.issue({.common_name = "kube-apiserver", .names = {"127.0.0.1"}});
  const auto agent = authority.issue({.common_name = "system:node:n1", .organization = "system:nodes"});
  auto api = FakeApi::start({.tls = ServerTls{server.certificate_pem, server.key_pem, authority.pem()}});
  ASSERT_TRUE(api) << api.error().text();
  (*api)->gatekeeper().accept_certificates(true);
  const std::string target = "/api/v1/services";

  const ApiClient plain((*api)->url());
  EXPECT_EQ(plain.get(target).status, 0) << "the client does not know the authority";
  const auto client = plain.client();
  client->enable_server_certificate_verification(false);
  const auto anonymous = client->Get(target);
  ASSERT_TRUE(anonymous);
  EXPECT_EQ(anonymous->status, 401);

  const std::string dir = ::testing::TempDir() + "fake_api_access_" + std::to_string(getpid());
  const auto write = [&dir](const std::string& suffix, const std::string& text) {
    FILE* file = std::fopen((dir + suffix).c_str(), "w");
    std::fputs(text.c_str(), file);
    std::fclose(file);
    return dir + suffix;
  };
  const std::string ca = write(".ca", authority.pem());
  const std::string certificate = write(".crt", agent.certificate_pem);
  const std::string key = write(".key", agent.key_pem);
  httplib::SSLClient known("127.0.0.1", (*api)->port(), certificate, key);
  known.set_ca_cert_path(ca.c_str());
  const auto answer = known.Get(target);
  ASSERT_TRUE(answer) << httplib::to_string(answer.error());
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ((*api)->journal().entries().back().user, "system:node:n1");
  for (const std::string& file : {ca, certificate, key}) std::remove(file.c_str());
}

Json event() {
  return {{"apiVersion", "events.k8s.io/v1"},
          {"kind", "Event"},
          {"metadata", {{"namespace", "default"}, {"name", "n1.17"}}},
          {"eventTime", "2026-01-01T00:00:00.000000Z"},
          {"reportingController", "sallyport"},
          {"reportingInstance", "sallyport-n1"},
          {"action", "Start"},
          {"reason", "Starting"},
          {"type", "Normal"},
          {"regarding", {{"kind", "Node"}, {"name", "n1"}}}};
}

const char* const kEvents = "/apis/events.k8s.io/v1/namespaces/default/events";

TEST_F(FakeApiAccess, AnEventIsCreatedOnceAndPatched) {
  const ApiClient api = client("good");
  const Answer created = api.post(kEvents, event().dump());
  EXPECT_EQ(created.status, 201) << created.text;
  EXPECT_FALSE(field_text(created.body, "metadata.uid").empty());
  EXPECT_EQ(api.post(kEvents, event().dump()).status, 409);
  const std::string series = R"({"series":{"count":2,"lastObservedTime":"2026-01-01T00:00:06.000000Z"}})";
  const Answer patched = api.patch(std::string(kEvents) + "/n1.17", series, "application/merge-patch+json");
  EXPECT_EQ(patched.status, 200);
  EXPECT_EQ(patched.body["series"]["count"], 2);
  EXPECT_EQ(api_->objects("events").size(), 1U);
  EXPECT_THAT(api_->violations(), IsEmpty());
}

TEST_F(FakeApiAccess, EventsThatTheApiWouldNotTakeAreRefused) {
  const ApiClient api = client("good");
  for (const char* field : {"eventTime", "reportingController", "reportingInstance", "action", "reason", "type"}) {
    Json without = event();
    without.erase(field);
    EXPECT_EQ(api.post(kEvents, without.dump()).status, 422) << field;
  }
  EXPECT_EQ(api.post("/apis/events.k8s.io/v1/namespaces/kube-system/events", event().dump()).status, 400);
  EXPECT_EQ(api.post(kEvents, event().dump(), "text/plain").status, 415);
  EXPECT_EQ(api.post(kEvents, "{").status, 400);
  EXPECT_EQ(api.patch(std::string(kEvents) + "/none", "{}", "application/merge-patch+json").status, 404);
  EXPECT_THAT(api_->violations(), Contains(HasSubstr("eventTime: Required value")));
}

TEST_F(FakeApiAccess, TheStatusIsWrittenByItsSubresourceAlone) {
  const ApiClient api = client("good");
  Json web = service("web");
  web["status"]["loadBalancer"]["ingress"] = Json::array({{{"ip", "198.18.0.1"}}});
  ASSERT_EQ(api.post("/api/v1/namespaces/default/services", web.dump()).status, 201);
  EXPECT_FALSE(api_->objects("services")[0].contains("status"));
  web["spec"]["clusterIP"] = "10.96.0.9";
  const std::string target = "/api/v1/namespaces/default/services/web/status";
  EXPECT_EQ(api.patch(target, web.dump(), "application/merge-patch+json").status, 200);
  const Json stored = api_->objects("services")[0];
  EXPECT_EQ(stored["status"]["loadBalancer"]["ingress"][0]["ip"], "198.18.0.1");
  EXPECT_EQ(stored["spec"]["clusterIP"], "10.96.0.1");
  const std::string whole = "/api/v1/namespaces/default/services/web";
  EXPECT_EQ(api.patch(whole, R"({"status":null})", "application/merge-patch+json").status, 200);
  EXPECT_TRUE(api_->objects("services")[0].contains("status"));
  api_->gatekeeper().restrict_to(std::vector<Right>{{"*", "services"}});
  EXPECT_THAT(api.patch(target, "{}", "application/merge-patch+json").body["message"].get<std::string>(),
              HasSubstr("cannot patch resource \"services/status\""));
}

}  // namespace
}  // namespace sp::fake_api
