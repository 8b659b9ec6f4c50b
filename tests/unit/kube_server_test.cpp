// SPDX-License-Identifier: Apache-2.0
// The Kubernetes source and an API server that keeps the rules: the fake one, or a real one with `--real`. Contents are
// written over the REST API, so the same story is told to both.
#include "tests/harness/kube_server.h"

#include <gmock/gmock.h>

#include <cstring>

#include "loader/util/log.h"
#include "tests/harness/kube_cluster.h"

namespace sp::test {
namespace {

using namespace std::chrono_literals;
using fake_api::Json;

bool with_real_server = false;

Json service(const std::string& name, unsigned number, unsigned port, Json labels = Json::object()) {
  const std::string ip = "10.96." + std::to_string(100 + number / 250) + "." + std::to_string(1 + number % 250);
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata", {{"namespace", "default"}, {"name", name}, {"labels", std::move(labels)}}},
          {"spec",
           {{"type", "ClusterIP"},
            {"clusterIP", ip},
            {"clusterIPs", Json::array({ip})},
            {"ipFamilies", Json::array({"IPv4"})},
            {"ports", Json::array({{{"name", "http"}, {"port", port}, {"protocol", "TCP"}, {"targetPort", 8080}}})}}}};
}

Json slice(const std::string& name, const std::string& address, Json labels = Json::object()) {
  labels["kubernetes.io/service-name"] = "web";
  return {{"apiVersion", "discovery.k8s.io/v1"},
          {"kind", "EndpointSlice"},
          {"metadata", {{"namespace", "default"}, {"name", name}, {"labels", std::move(labels)}}},
          {"addressType", "IPv4"},
          {"endpoints", Json::array({{{"addresses", Json::array({address})}, {"conditions", {{"ready", true}}}}})},
          {"ports", Json::array({{{"name", "http"}, {"port", 8080}, {"protocol", "TCP"}}})}};
}

Json node(const std::string& name, const std::string& zone) {
  return {{"apiVersion", "v1"},
          {"kind", "Node"},
          {"metadata", {{"name", name}, {"labels", {{"topology.kubernetes.io/zone", zone}}}}},
          {"status", {{"addresses", Json::array({{{"type", "InternalIP"}, {"address", "192.0.2.7"}}})}}}};
}

Json pod(const std::string& name, const std::string& node_name, unsigned host_port) {
  const Json container = {
      {"name", "c"},
      {"image", "none"},
      {"ports", Json::array({{{"containerPort", 80}, {"hostPort", host_port}, {"protocol", "TCP"}}})}};
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"namespace", "default"}, {"name", name}}},
          {"spec", {{"nodeName", node_name}, {"containers", Json::array({container})}}},
          {"status",
           {{"phase", "Running"},
            {"podIP", "10.244.0.9"},
            {"podIPs", Json::array({{{"ip", "10.244.0.9"}}})},
            {"conditions", Json::array({{{"type", "Ready"}, {"status", "True"}}})}}}};
}

class KubeServerTest : public ::testing::Test {
 protected:
  KubeServerTest() : server_(with_real_server ? start_real_server() : start_fake_server()) {}

  void open() {
    kube::Timing timing;
    timing.backoff_first = 50ms;
    timing.backoff_longest = 500ms;
    auto opened = kube::KubernetesSource::open(
        {.access = {server_->kubeconfig(), ""}, .node_name = "n1", .observer = {}, .timing = timing});
    ASSERT_TRUE(opened) << opened.error().text();
    source_ = *std::move(opened);
    ASSERT_TRUE(until([this] { return cluster().complete; }));
  }
  [[nodiscard]] bool until(const std::function<bool()>& done) { return pump(*source_, done, 30s); }
  [[nodiscard]] const model::Cluster& cluster() const { return source_->cluster(); }
  void put(const Json& object) { server_->objects().put_object(object); }
  void remove(const std::string& plural, const std::string& name) {
    server_->objects().remove_object(plural, plural == "nodes" || plural == "servicecidrs" ? "" : "default", name);
  }
  [[nodiscard]] bool has_service(const std::string& name) const {
    return cluster().services.count({"default", name}) == 1;
  }
  [[nodiscard]] bool has_slice(const std::string& name) const {
    return cluster().endpoint_slices.count({"default", name}) == 1;
  }
  // 0 = there is none.
  [[nodiscard]] unsigned port_of(const std::string& name) const {
    const auto found = cluster().services.find({"default", name});
    return found == cluster().services.end() ? 0 : found->second.ports.at(0).port;
  }

  std::unique_ptr<KubeServer> server_;
  std::unique_ptr<kube::KubernetesSource> source_;
};

TEST_F(KubeServerTest, WhatIsThereIsListedAndWhatComesIsTold) {
  put(service("before", 1, 80));
  open();
  EXPECT_EQ(port_of("before"), 80U);
  put(service("web", 2, 80));
  put(slice("web-1", "10.244.0.5"));
  EXPECT_TRUE(until([this] { return has_service("web") && has_slice("web-1"); }));
  EXPECT_EQ(cluster().endpoint_slices.at({"default", "web-1"}).endpoints.at(0).address, *Ip::parse("10.244.0.5"));
  put(service("web", 2, 81));
  EXPECT_TRUE(until([this] { return port_of("web") == 81; }));
  remove("services", "web");
  remove("endpointslices", "web-1");
  EXPECT_TRUE(until([this] { return !has_service("web") && !has_slice("web-1"); }));
  EXPECT_TRUE(has_service("before"));
}

TEST_F(KubeServerTest, R002_LabelsTakeObjectsAwayAndGiveThemBack) {
  open();
  put(service("web", 1, 80));
  put(slice("web-1", "10.244.0.5"));
  ASSERT_TRUE(until([this] { return has_service("web") && has_slice("web-1"); }));
  put(service("web", 1, 80, {{"service.kubernetes.io/service-proxy-name", "other"}}));
  put(slice("web-1", "10.244.0.5", {{"service.kubernetes.io/headless", ""}}));
  EXPECT_TRUE(until([this] { return !has_service("web") && !has_slice("web-1"); }));
  put(service("web", 1, 82));
  put(slice("web-1", "10.244.0.6"));
  EXPECT_TRUE(until([this] { return port_of("web") == 82 && has_slice("web-1"); }));
}

TEST_F(KubeServerTest, OnlyTheOwnNodeAndItsPodsAreSeen) {
  put(node("n1", "a"));
  put(node("n2", "a"));
  open();
  ASSERT_TRUE(until([this] { return cluster().nodes.size() == 1; }));
  EXPECT_EQ(cluster().nodes.at({"", "n1"}).addresses, (std::vector<Ip>{*Ip::parse("192.0.2.7")}));
  put(node("n1", "b"));
  EXPECT_TRUE(until([this] { return cluster().nodes.at({"", "n1"}).zone == "b"; }));
  put(pod("theirs", "n2", 9001));
  put(pod("ours", "n1", 9002));
  EXPECT_TRUE(until([this] { return cluster().pods.count({"default", "ours"}) == 1; }));
  EXPECT_TRUE(until([this] { return !cluster().pods.at({"default", "ours"}).ips.empty(); }));
  EXPECT_EQ(cluster().pods.size(), 1U);
  remove("pods", "ours");
  EXPECT_TRUE(until([this] { return cluster().pods.empty(); }));
}

TEST_F(KubeServerTest, ServiceCidrsComeAndGo) {
  open();
  put({{"apiVersion", "networking.k8s.io/v1"},
       {"kind", "ServiceCIDR"},
       {"metadata", {{"name", "more"}}},
       {"spec", {{"cidrs", Json::array({"10.97.0.0/16"})}}}});
  EXPECT_TRUE(until([this] { return cluster().service_cidrs.count({"", "more"}) == 1; }));
  EXPECT_EQ(cluster().service_cidrs.at({"", "more"}).cidrs.size(), 1U);
}

TEST_F(KubeServerTest, AListOfSeveralPagesIsWhole) {
  for (unsigned i = 0; i < 1100; ++i) put(service("s" + std::to_string(i), i, 80));
  open();
  for (unsigned i = 0; i < 1100; ++i) EXPECT_TRUE(has_service("s" + std::to_string(i))) << i;
}

TEST_F(KubeServerTest, R007_AnOutageLosesNothing) {
  open();
  put(service("stays", 1, 80));
  ASSERT_TRUE(until([this] { return has_service("stays"); }));
  server_->stop();
  const model::Cluster before = cluster();
  pump(
      *source_, [] { return false; }, 700ms);
  EXPECT_EQ(before, cluster());
  server_->start();
  put(service("new", 2, 80));
  remove("services", "stays");
  EXPECT_TRUE(until([this] { return has_service("new") && !has_service("stays"); }));
}

TEST_F(KubeServerTest, EventsArePosted) {
  open();
  source_->events().post_starting();
  EXPECT_TRUE(until([this] { return source_->stats().events_posted + source_->stats().events_dropped == 1; }));
  EXPECT_EQ(server_->event_count("Starting"), 1U);
}

}  // namespace

void use_real_server() {
  with_real_server = true;
}

}  // namespace sp::test

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  sp::log::init(sp::log::Level::error);
  if (argc > 1 && std::strcmp(argv[1], "--real") == 0) {
    if (const std::string why = sp::test::no_real_server(); !why.empty()) {
      std::printf("SKIP %s\n", why.c_str());
      return 77;
    }
    sp::test::use_real_server();
  }
  return RUN_ALL_TESTS();
}
