// SPDX-License-Identifier: Apache-2.0
// ReflectorTest: one reflector of Services over a scripted server, with short times, and small objects as JSON.
#pragma once

#include <gmock/gmock.h>

#include <map>
#include <string>
#include <vector>

#include "loader/kube/object_table.h"
#include "loader/kube/reflector.h"
#include "tests/harness/http_exchanges.h"
#include "tests/harness/scripted_http.h"

namespace sp::test {

class ReflectorTest : public testing::Test, public TurningLoop {
 protected:
  static std::string service(const std::string& name, int version, int port = 80) {
    return R"({"kind":"Service","metadata":{"namespace":"default","name":")" + name + R"(","resourceVersion":")" +
           std::to_string(version) +
           R"("},"spec":{"clusterIP":"10.96.0.1","clusterIPs":["10.96.0.1"],"ipFamilies":["IPv4"],"ports":[{"port":)" +
           std::to_string(port) + "}]}}";
  }
  static std::string list(const std::vector<std::string>& items, int version, const std::string& next = "") {
    std::string text;
    for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
    return R"({"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":")" + std::to_string(version) +
           (next.empty() ? "" : R"(","continue":")" + next) + R"("},"items":[)" + text + "]}\n";
  }
  static std::string event(const std::string& type, const std::string& object) {
    return R"({"type":")" + type + R"(","object":)" + object + "}\n";
  }
  static std::string bookmark(int version) {
    return event("BOOKMARK", R"({"kind":"Service","metadata":{"resourceVersion":")" + std::to_string(version) + "\"}}");
  }
  static std::string status(int code, const std::string& message = "because") {
    return R"({"kind":"Status","code":)" + std::to_string(code) + R"(,"message":")" + message + "\"}";
  }

  void SetUp() override {
    auto created = kube::Api::create_with(loop, access, [this](EventLoop&, const http::Server&) {
      return Result<std::unique_ptr<http::Client>>(std::make_unique<ScriptedClient>(log));
    });
    ASSERT_TRUE(created);
    api = *std::move(created);
    timing.backoff_first = std::chrono::milliseconds(4);
    timing.backoff_longest = std::chrono::milliseconds(16);
    timing.recovered = std::chrono::milliseconds(1);
    timing.watch_too_short = std::chrono::milliseconds(0);
  }
  // After the test has set its times.
  void begin(model::Kind kind = model::Kind::service) {
    context.emplace(kube::ReflectorContext{loop, *api, parser, timing, [this] { return random; }});
    auto created = kube::Reflector::create(*context, kube::resource_of(kind, "n1"), services);
    ASSERT_TRUE(created);
    reflector = *std::move(created);
    ASSERT_TRUE(await_request(0));
  }
  // Lists `items` at version 10 and begins the watch, which is request 1.
  void begin_watch(const std::vector<std::string>& items) {
    begin();
    log.answer(0, 200, list(items, 10));
    ASSERT_EQ(log.exchanges.size(), 2U);
    log.head(1, 200);
  }
  [[nodiscard]] bool await_request(std::size_t number) {
    return await([this, number] { return log.exchanges.size() > number; });
  }
  // "web:80": names and first ports.
  [[nodiscard]] std::vector<std::string> known() const {
    std::vector<std::string> out;
    for (const auto& [key, object] : cluster) out.push_back(key.name + ":" + std::to_string(object.ports[0].port));
    return out;
  }
  // Names of what has changed since the last call.
  std::vector<std::string> changed() {
    std::vector<std::string> out;
    for (const auto& id : journal.take().changed) out.push_back(id.key.name);
    return out;
  }
  [[nodiscard]] std::uint64_t failures(kube::Cause cause) const {
    return reflector->stats().failures.at(static_cast<std::size_t>(cause));
  }

  ScriptedAccess access;
  ScriptedClient::Log log;
  std::unique_ptr<kube::Api> api;
  kube::JsonParser parser;
  kube::Timing timing;
  double random = 0.5;
  std::optional<kube::ReflectorContext> context;
  std::map<model::ObjectKey, model::Service> cluster;
  kube::Journal journal{std::chrono::system_clock::now()};
  kube::ObjectTable<model::Service> services{model::Kind::service, cluster, kube::decode_service, journal};
  std::unique_ptr<kube::Reflector> reflector;
};

}  // namespace sp::test
