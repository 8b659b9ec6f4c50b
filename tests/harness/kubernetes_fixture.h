// SPDX-License-Identifier: Apache-2.0
// KubernetesSourceTest: a KubernetesSource and the fake API server that it talks to, and small objects.
#pragma once

#include <gmock/gmock.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "loader/kube/kubernetes_source.h"
#include "tests/harness/fake_api/fake_api.h"

namespace sp::test {

class KubernetesSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    api = std::move(fake_api::FakeApi::start({})).value();
    api->put(node());
  }
  void TearDown() override { EXPECT_THAT(api->violations(), testing::IsEmpty()); }

  static fake_api::Json node() { return {{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", {{"name", "n1"}}}}; }
  static fake_api::Json service(const std::string& name, int port = 80,
                                const fake_api::Json& labels = fake_api::Json::object()) {
    return {{"apiVersion", "v1"},
            {"kind", "Service"},
            {"metadata", {{"namespace", "default"}, {"name", name}, {"labels", labels}}},
            {"spec",
             {{"type", "ClusterIP"},
              {"clusterIP", "10.96.0.1"},
              {"clusterIPs", {"10.96.0.1"}},
              {"ipFamilies", {"IPv4"}},
              {"ports", fake_api::Json::array({{{"port", port}, {"protocol", "TCP"}}})}}}};
  }
  static fake_api::Json slice(const std::string& name, const std::string& address,
                              fake_api::Json labels = fake_api::Json::object()) {
    labels["kubernetes.io/service-name"] = "web";
    return {{"apiVersion", "discovery.k8s.io/v1"},
            {"kind", "EndpointSlice"},
            {"metadata", {{"namespace", "default"}, {"name", name}, {"labels", labels}}},
            {"addressType", "IPv4"},
            {"ports", fake_api::Json::array({{{"name", ""}, {"port", 8080}, {"protocol", "TCP"}}})},
            {"endpoints", fake_api::Json::array({{{"addresses", {address}}}})}};
  }
  static fake_api::Json pod(const std::string& name, const std::string& on) {
    return {
        {"apiVersion", "v1"},
        {"kind", "Pod"},
        {"metadata", {{"namespace", "default"}, {"name", name}}},
        {"spec",
         {{"nodeName", on},
          {"containers", fake_api::Json::array(
                             {{{"ports", fake_api::Json::array({{{"containerPort", 80}, {"hostPort", 8080}}})}}})}}},
        {"status", {{"podIP", "10.0.0.1"}, {"phase", "Running"}}}};
  }

  void open() { source = open_another(); }
  [[nodiscard]] std::unique_ptr<kube::KubernetesSource> open_another() const {
    return std::move(
               kube::KubernetesSource::open({.access = {.master = api->url()}, .node_name = "n1", .timing = timing}))
        .value();
  }
  // Refreshes `from` until `done`.
  bool await(kube::KubernetesSource& from, const std::function<bool()>& done,
             std::chrono::milliseconds timeout = std::chrono::seconds(15)) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (!done()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd ready{from.fd(), POLLIN, 0};
      if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) {
        return done();
      }
      const source::Update update = from.refresh();
      for (const auto& id : update.changed) changed.insert(id.text());
      for (const auto& complaint : update.complaints) complaints.push_back(complaint.text);
      completions += update.completed ? 1 : 0;
    }
    return true;
  }
  bool await(const std::function<bool()>& done, std::chrono::milliseconds timeout = std::chrono::seconds(15)) {
    return await(*source, done, timeout);
  }
  [[nodiscard]] bool await_complete() {
    return await([this] { return source->cluster().complete; });
  }
  [[nodiscard]] bool await_synced() {
    return await([this] {
      const kube::SourceStats stats = source->stats();
      return std::all_of(stats.resources.begin(), stats.resources.end(), [](const auto& one) { return one.synced; });
    });
  }
  [[nodiscard]] bool has(const std::string& name) const {
    return source->cluster().services.contains({"default", name});
  }
  // Everything as somebody sees it who has only just come.
  [[nodiscard]] bool await_equal_to_a_fresh_one() {
    const auto fresh = open_another();
    const bool listed = await(*fresh, [&fresh] {
      const kube::SourceStats stats = fresh->stats();
      return std::all_of(stats.resources.begin(), stats.resources.end(), [](const auto& one) { return one.listed; });
    });
    return listed && await([&] { return source->cluster() == fresh->cluster(); });
  }

  kube::Timing timing;
  std::unique_ptr<fake_api::FakeApi> api;
  std::unique_ptr<kube::KubernetesSource> source;
  std::set<std::string> changed;
  std::vector<std::string> complaints;
  int completions = 0;
};

}  // namespace sp::test
