// SPDX-License-Identifier: Apache-2.0
// FakeApiTest: a fake API server without TLS and a plain client for each test, and small objects.
#pragma once

#include <gmock/gmock.h>

#include "tests/harness/fake_api/api_client.h"
#include "tests/harness/fake_api/fake_api.h"

namespace sp::fake_api {

inline Json service(const std::string& name, Json labels = Json::object(),
                    const std::string& cluster_ip = "10.96.0.1") {
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata", {{"namespace", "default"}, {"name", name}, {"labels", std::move(labels)}}},
          {"spec", {{"clusterIP", cluster_ip}, {"type", "ClusterIP"}}}};
}

inline Json node(const std::string& name) {
  return {{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", {{"name", name}}}};
}

inline std::vector<std::string> names_of(const Answer& list) {
  std::vector<std::string> names;
  for (const Json& item : list.body.value("items", Json::array())) names.push_back(field_text(item, "metadata.name"));
  return names;
}

class FakeApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto started = FakeApi::start({});
    ASSERT_TRUE(started) << started.error().text();
    api_ = *std::move(started);
    client_ = std::make_unique<ApiClient>(api_->url());
  }

  [[nodiscard]] Answer get(const std::string& target) const { return client_->get(target); }
  [[nodiscard]] std::string version() const { return std::to_string(api_->version()); }

  std::unique_ptr<FakeApi> api_;
  std::unique_ptr<ApiClient> client_;
};

}  // namespace sp::fake_api
