// SPDX-License-Identifier: Apache-2.0
#include "loader/serve/service_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loader/serve/listen_socket.h"
#include "tests/harness/plain_client.h"

namespace sp::serve {
namespace {

using namespace std::chrono_literals;
using compile::HealthCheck;
using test::get;
using test::PlainAnswer;
using test::PlainClient;
using testing::ElementsAre;
using testing::HasSubstr;

const Ip kLoopback4 = *Ip::parse("127.0.0.1");
const Ip kLoopback6 = *Ip::parse("::1");
const model::ObjectKey kWeb{"shop", "web"};
const model::ObjectKey kApi{"shop", "api"};

class ServiceHealthTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto guard = loop.add_timer([this] {
      timed_out = true;
      loop.stop();
    });
    ASSERT_TRUE(guard);
    loop.start_once(*guard, 20s);
    // Ports that nobody else has: the kernel chooses, and keeps them for a moment.
    auto first = open_listen_socket({.ip = Ip{}, .port = 0});
    auto second = open_listen_socket({.ip = Ip{}, .port = 0});
    ASSERT_TRUE(first && second);
    port = first->address.port;
    other_port = second->address.port;
  }
  void TearDown() override { EXPECT_FALSE(timed_out); }

  static HealthCheck check(std::uint16_t at, std::optional<std::uint32_t> v4, std::optional<std::uint32_t> v6) {
    return {.port = at, .local_endpoints = {v4, v6}};
  }
  bool is_open(const Ip& ip, std::uint16_t at) { return PlainClient(loop, ip, at).connected(); }

  EventLoop loop = std::move(EventLoop::create()).value();
  bool timed_out = false;
  bool proxy_healthy = true;
  std::vector<std::string> failures;
  std::unique_ptr<ServiceHealth> servers =
      std::move(ServiceHealth::create(loop,
                                      {.proxy_healthy = [this] { return proxy_healthy; },
                                       .cannot_listen =
                                           [this](const model::ObjectKey& service, const Error& error) {
                                             failures.push_back(service.text() + ": " + error.text());
                                           }},
                                      10ms))
          .value();
  std::uint16_t port = 0;
  std::uint16_t other_port = 0;
};

TEST_F(ServiceHealthTest, AnyPathTellsTheCountOfTheFamilyThatAsks) {
  servers->reconcile({{kWeb, check(port, 3, 1)}});
  for (const char* path : {"/", "/healthz", "/any/thing"}) {
    const PlainAnswer answer = get(loop, kLoopback4, port, path);
    EXPECT_EQ(answer.status, "HTTP/1.1 200 OK");
    EXPECT_EQ(answer.body,
              R"({"service":{"namespace":"shop","name":"web"},"localEndpoints":3,"serviceProxyHealthy":true})");
    EXPECT_TRUE(answer.has_header("X-Load-Balancing-Endpoint-Weight: 3"));
    EXPECT_TRUE(answer.has_header("Content-Type: application/json"));
    EXPECT_TRUE(answer.has_header("X-Content-Type-Options: nosniff"));
  }
  EXPECT_TRUE(get(loop, kLoopback6, port, "/").has_header("X-Load-Balancing-Endpoint-Weight: 1"));
}

TEST_F(ServiceHealthTest, NoEndpointHereOrASickProxyIsUnavailable) {
  servers->reconcile({{kWeb, check(port, 0, std::nullopt)}});
  const PlainAnswer none = get(loop, kLoopback4, port, "/");
  EXPECT_EQ(none.status, "HTTP/1.1 503 Service Unavailable");
  EXPECT_TRUE(none.has_header("X-Load-Balancing-Endpoint-Weight: 0"));
  servers->reconcile({{kWeb, check(port, 2, std::nullopt)}});
  EXPECT_EQ(get(loop, kLoopback4, port, "/").status, "HTTP/1.1 200 OK");
  proxy_healthy = false;
  const PlainAnswer sick = get(loop, kLoopback4, port, "/");
  EXPECT_EQ(sick.status, "HTTP/1.1 503 Service Unavailable");
  EXPECT_THAT(sick.body, HasSubstr(R"("localEndpoints":2,"serviceProxyHealthy":false)"));
}

TEST_F(ServiceHealthTest, OpensMovesAndClosesWithTheService) {
  servers->reconcile({{kWeb, check(port, 1, 1)}});
  EXPECT_EQ(servers->listening(), 2U);
  servers->reconcile({{kWeb, check(other_port, 1, 1)}});
  EXPECT_FALSE(is_open(kLoopback4, port));
  EXPECT_TRUE(is_open(kLoopback4, other_port));
  EXPECT_TRUE(is_open(kLoopback6, other_port));
  servers->reconcile({{kWeb, check(other_port, 1, std::nullopt)}});
  EXPECT_FALSE(is_open(kLoopback6, other_port));
  servers->reconcile({});
  EXPECT_FALSE(is_open(kLoopback4, other_port));
  EXPECT_EQ(servers->listening(), 0U);
}

TEST_F(ServiceHealthTest, APortThatMovesToAnotherServiceIsFreeInTime) {
  servers->reconcile({{kWeb, check(port, 1, 1)}});
  servers->reconcile({{kApi, check(port, 7, 7)}});
  EXPECT_THAT(get(loop, kLoopback4, port, "/").body, HasSubstr(R"("name":"api"},"localEndpoints":7)"));
  EXPECT_THAT(failures, ElementsAre());
}

TEST_F(ServiceHealthTest, AListenerWhosePlaceStaysIsNotTouched) {
  servers->reconcile({{kWeb, check(port, 1, 1)}});
  PlainClient client(loop, kLoopback4, port);
  ASSERT_TRUE(client.connected());
  servers->reconcile({{kWeb, check(port, 5, 1)}, {kApi, check(other_port, 1, 1)}});
  client.send("GET / HTTP/1.1\r\nHost: probe\r\n\r\n");
  EXPECT_THAT(client.read_to_end(), HasSubstr(R"("localEndpoints":5)"));
}

TEST_F(ServiceHealthTest, RestrictedNodePortAddressesRestrictTheListeners) {
  servers->reconcile({{kWeb, check(port, 1, 1)}}, std::vector<Ip>{kLoopback4});
  EXPECT_TRUE(is_open(kLoopback4, port));
  EXPECT_FALSE(is_open(*Ip::parse("127.0.0.2"), port));
  EXPECT_FALSE(is_open(kLoopback6, port));
  servers->reconcile({{kWeb, check(port, 1, 1)}}, std::vector<Ip>{});
  EXPECT_FALSE(is_open(kLoopback4, port));
}

TEST_F(ServiceHealthTest, ATakenPortIsToldOnceAndOpenedWhenItIsFree) {
  auto owner = open_listen_socket({.ip = Ip::v4(0), .port = port, .reach = BindAddress::Reach::one_family});
  ASSERT_TRUE(owner);
  servers->reconcile({{kWeb, check(port, 1, std::nullopt)}, {kApi, check(other_port, 1, std::nullopt)}});
  servers->reconcile({{kWeb, check(port, 1, std::nullopt)}, {kApi, check(other_port, 1, std::nullopt)}});
  EXPECT_THAT(failures, ElementsAre(HasSubstr("shop/web: listen on 0.0.0.0:" + std::to_string(port))));
  EXPECT_EQ(servers->failing(), 1U);
  EXPECT_TRUE(is_open(kLoopback4, other_port));
  owner->fd.reset();
  const auto look = loop.add_timer([this] {
    if (servers->failing() == 0) loop.stop();
  });
  ASSERT_TRUE(look);
  loop.start_every(*look, 5ms);
  ASSERT_TRUE(loop.run());
  loop.remove(*look);
  EXPECT_EQ(get(loop, kLoopback4, port, "/").status, "HTTP/1.1 200 OK");
}

}  // namespace
}  // namespace sp::serve
