// SPDX-License-Identifier: Apache-2.0
#include "loader/serve/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "loader/serve/listen_socket.h"
#include "loader/serve/retrying_server.h"
#include "tests/harness/plain_client.h"

namespace sp::serve {
namespace {

using namespace std::chrono_literals;
using test::get;
using test::PlainAnswer;
using test::PlainClient;
using testing::HasSubstr;

Ip ip(const char* text) {
  return *Ip::parse(text);
}

Response echo(std::string_view path) {
  return {.body = std::string(path), .headers = {{"X-Test", "yes"}}};
}

class HttpServerTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto guard = loop.add_timer([this] {
      timed_out = true;
      loop.stop();
    });
    ASSERT_TRUE(guard);
    loop.start_once(*guard, 20s);
  }
  void TearDown() override { EXPECT_FALSE(timed_out); }

  std::unique_ptr<HttpServer> listen(const char* address, std::chrono::milliseconds deadline = 10s) {
    auto server = HttpServer::listen(loop, {.ip = ip(address), .port = 0, .reach = reach}, echo, deadline);
    EXPECT_TRUE(server) << server.error().text();
    return server ? std::move(server).value() : nullptr;
  }
  // Serves what is ready until nothing is.
  void settle() {
    const auto end = loop.add_timer([this] { loop.stop(); });
    loop.start_once(*end, 20ms);
    ASSERT_TRUE(loop.run());
    loop.remove(*end);
  }

  EventLoop loop = std::move(EventLoop::create()).value();
  BindAddress::Reach reach = BindAddress::Reach::both_families;
  bool timed_out = false;
};

TEST_F(HttpServerTest, AnswersAGetWithTheHandlersWordsAndClosesTheConnection) {
  const auto server = listen("127.0.0.1");
  const PlainAnswer answer = get(loop, ip("127.0.0.1"), server->address().port, "/a%20b?c=d");
  EXPECT_EQ(answer.status, "HTTP/1.1 200 OK");
  EXPECT_EQ(answer.body, "/a b");
  EXPECT_TRUE(answer.has_header("X-Test: yes"));
  EXPECT_TRUE(answer.has_header("Content-Type: text/plain; charset=utf-8"));
  EXPECT_TRUE(answer.has_header("Connection: close"));
  EXPECT_EQ(server->open_connections(), 0U);
}

TEST_F(HttpServerTest, AHeadHasTheHeadersAndNoBody) {
  const auto server = listen("127.0.0.1");
  PlainClient client(loop, ip("127.0.0.1"), server->address().port);
  client.send("HEAD /abc HTTP/1.1\r\nHost: probe\r\n\r\n");
  const PlainAnswer answer = PlainAnswer::split(client.read_to_end());
  EXPECT_EQ(answer.status, "HTTP/1.1 200 OK");
  EXPECT_TRUE(answer.has_header("Content-Length: 4"));
  EXPECT_EQ(answer.body, "");
}

TEST_F(HttpServerTest, OtherMethodsAreRefusedAfterTheirBodyWasRead) {
  const auto server = listen("127.0.0.1");
  for (const std::string method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    PlainClient client(loop, ip("127.0.0.1"), server->address().port);
    client.send(method + " / HTTP/1.1\r\nHost: probe\r\nContent-Length: 20000\r\n\r\n" + std::string(20000, 'x'));
    const PlainAnswer answer = PlainAnswer::split(client.read_to_end());
    EXPECT_EQ(answer.status, "HTTP/1.1 405 Method Not Allowed") << method;
    EXPECT_TRUE(answer.has_header("Allow: GET, HEAD")) << method;
    EXPECT_FALSE(client.reset()) << method;
  }
}

TEST_F(HttpServerTest, NonsenseIsRefusedAndTheNextClientIsServed) {
  const auto server = listen("127.0.0.1");
  const std::string long_header = "GET / HTTP/1.1\r\nHost: probe\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n";
  for (const std::string& request : {std::string("\x16\x03\x01\x02 hello\r\n\r\n"), long_header}) {
    PlainClient client(loop, ip("127.0.0.1"), server->address().port);
    client.send(request);
    client.finish_sending();
    EXPECT_THAT(client.read_to_end(), testing::Not(HasSubstr("200 OK")));
  }
  EXPECT_EQ(get(loop, ip("127.0.0.1"), server->address().port, "/").status, "HTTP/1.1 200 OK");
  EXPECT_EQ(server->open_connections(), 0U);
}

TEST_F(HttpServerTest, AClientThatNeverFinishesIsEndedAtItsDeadlineHoweverBusyItLooks) {
  const auto server = listen("127.0.0.1", 100ms);
  PlainClient client(loop, ip("127.0.0.1"), server->address().port);
  const auto began = EventLoop::Clock::now();
  const auto drip = loop.add_timer([&] { client.send("G"); });
  ASSERT_TRUE(drip);
  loop.start_every(*drip, 10ms);
  client.read_to_end();
  loop.remove(*drip);
  const auto took = EventLoop::Clock::now() - began;
  EXPECT_GE(took, 100ms);
  EXPECT_LT(took, 5s);
  EXPECT_EQ(server->open_connections(), 0U);
}

TEST_F(HttpServerTest, IdleConnectionsCannotKeepAProbeOut) {
  const auto server = listen("127.0.0.1");
  std::deque<PlainClient> idlers;
  for (std::size_t i = 0; i < HttpServer::kMaxConnections + 40; ++i) {
    idlers.emplace_back(loop, ip("127.0.0.1"), server->address().port);
    ASSERT_TRUE(idlers.back().connected());
  }
  settle();
  EXPECT_EQ(server->open_connections(), HttpServer::kMaxConnections);
  EXPECT_EQ(get(loop, ip("127.0.0.1"), server->address().port, "/").status, "HTTP/1.1 200 OK");
  // The oldest made room.
  idlers.front().read_to_end();
  EXPECT_TRUE(idlers.front().closed());
}

TEST_F(HttpServerTest, ALargeAnswerArrivesWhole) {
  const std::string large(3'000'000, 'm');
  const auto server = HttpServer::listen(loop, {.ip = ip("127.0.0.1"), .port = 0},
                                         [&](std::string_view) { return Response{.body = large}; });
  ASSERT_TRUE(server);
  EXPECT_EQ(get(loop, ip("127.0.0.1"), (*server)->address().port, "/").body, large);
}

TEST_F(HttpServerTest, AnUnspecifiedAddressOfEitherFamilyIsReachedInBoth) {
  for (const char* address : {"0.0.0.0", "::"}) {
    const auto server = listen(address);
    for (const char* target : {"127.0.0.1", "::1"}) {
      EXPECT_EQ(get(loop, ip(target), server->address().port, "/").status, "HTTP/1.1 200 OK") << address << target;
    }
  }
}

TEST_F(HttpServerTest, ASpecificAddressIsReachedThereOnly) {
  const auto server = listen("127.0.0.1");
  EXPECT_FALSE(PlainClient(loop, ip("127.0.0.2"), server->address().port).connected());
  EXPECT_FALSE(PlainClient(loop, ip("::1"), server->address().port).connected());
  const auto v6 = listen("::1");
  EXPECT_TRUE(PlainClient(loop, ip("::1"), v6->address().port).connected());
  EXPECT_FALSE(PlainClient(loop, ip("127.0.0.1"), v6->address().port).connected());
}

TEST_F(HttpServerTest, ServersOfOneFamilyShareAPort) {
  reach = BindAddress::Reach::one_family;
  const auto v4 = listen("0.0.0.0");
  const std::uint16_t port = v4->address().port;
  const auto v6 = HttpServer::listen(loop, {.ip = ip("::"), .port = port, .reach = reach},
                                     [](std::string_view) { return Response{.body = "six"}; });
  ASSERT_TRUE(v6) << v6.error().text();
  EXPECT_EQ(get(loop, ip("127.0.0.1"), port, "/four").body, "/four");
  EXPECT_EQ(get(loop, ip("::1"), port, "/").body, "six");
}

TEST_F(HttpServerTest, AServerThatGoesTakesItsSocketAndItsConnections) {
  auto server = listen("127.0.0.1");
  const std::uint16_t port = server->address().port;
  PlainClient client(loop, ip("127.0.0.1"), port);
  settle();
  server.reset();
  client.read_to_end();
  EXPECT_TRUE(client.closed());
  EXPECT_FALSE(PlainClient(loop, ip("127.0.0.1"), port).connected());
}

TEST_F(HttpServerTest, ATakenAddressIsAnErrorThatSaysWhereToLook) {
  const auto first = listen("127.0.0.1");
  const BindAddress address = first->address();
  const auto second = HttpServer::listen(loop, address, echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().err, EADDRINUSE);
  EXPECT_THAT(second.error().text(), HasSubstr("listen on " + address.text()));
  EXPECT_THAT(second.error().text(), HasSubstr("ss -ltnp sport = :" + std::to_string(address.port)));
  const auto nowhere = HttpServer::listen(loop, {.ip = ip("192.0.2.1"), .port = 0}, echo);
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().text(), HasSubstr("no device of this network namespace has this address"));
}

TEST_F(HttpServerTest, ARetryingServerListensWhenItsAddressBecomesFree) {
  auto owner = open_listen_socket({.ip = ip("127.0.0.1"), .port = 0});
  ASSERT_TRUE(owner);
  const BindAddress address = owner->address;
  const auto hard = RetryingServer::start(loop, "test", address, echo, RetryingServer::OnFailure::fail);
  EXPECT_FALSE(hard);
  const auto soft = RetryingServer::start(loop, "test", address, echo, RetryingServer::OnFailure::retry, 10ms);
  ASSERT_TRUE(soft);
  settle();
  EXPECT_EQ((*soft)->server(), nullptr);
  owner->fd.reset();
  while ((*soft)->server() == nullptr && !timed_out) {
    settle();
  }
  EXPECT_EQ(get(loop, ip("127.0.0.1"), address.port, "/x").body, "/x");
}

TEST(BindAddress, ParsesWhatKubeProxyAccepts) {
  const auto parse = [](const char* text) {
    const auto result = parse_bind_address(text, 10256);
    return !result ? "error" : !*result ? "off" : (*result)->text();
  };
  EXPECT_EQ(parse("0.0.0.0:10256"), "0.0.0.0:10256");
  EXPECT_EQ(parse("[::]:10249"), "[::]:10249");
  EXPECT_EQ(parse("[fd00::1]:1"), "[fd00::1]:1");
  EXPECT_EQ(parse("127.0.0.1"), "127.0.0.1:10256");
  EXPECT_EQ(parse("::1"), "[::1]:10256");
  EXPECT_EQ(parse("[::1]"), "[::1]:10256");
  EXPECT_EQ(parse(":8080"), "[::]:8080");
  EXPECT_EQ(parse(""), "off");
  EXPECT_EQ(parse("127.0.0.1:0"), "off");
}

TEST(BindAddress, RefusesWhatIsNoAddress) {
  for (const char* text : {"localhost:10249", "localhost", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:65536", "1.2.3.4:-1",
                           "fd00::1:x:80", "[fd00::1", "[fd00::1]x", "[fd00::1]:", ":", "1.2.3.4:80:90"}) {
    const auto result = parse_bind_address(text, 10249);
    ASSERT_FALSE(result) << text;
    EXPECT_THAT(result.error().text(), HasSubstr(std::string("'") + text + "'"));
  }
}

}  // namespace
}  // namespace sp::serve
