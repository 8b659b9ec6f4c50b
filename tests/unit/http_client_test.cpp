// SPDX-License-Identifier: Apache-2.0
// http::Client over plain HTTP: what arrives, when, and what handlers may ask for.
#include "loader/http/client.h"

#include <gmock/gmock.h>
#include <httplib.h>

#include <condition_variable>
#include <mutex>

#include "tests/harness/http_exchanges.h"
#include "tests/harness/web_server.h"

namespace sp::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Lets a thread of a server go on when the test says so, or at the end of the test.
class Gate {
 public:
  ~Gate() { open(); }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    opened_.wait_for(lock, 20s, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

class HttpClientTest : public HttpTest {
 protected:
  HttpClientTest() : server_({}, [this](httplib::Server& server) { route(server); }) {
    connect({.url = server_.url()});
  }
  // Before the server goes, which waits for its answers to end.
  ~HttpClientTest() override {
    client.reset();
    gate_.open();
  }

  void route(httplib::Server& server) {
    server.Get("/plain", [](const auto&, auto& answer) { answer.set_content("hello", "application/json"); });
    server.Get("/big",
               [](const auto&, auto& answer) { answer.set_content(std::string(3'000'000, 'x'), "text/plain"); });
    server.Get("/busy", [](const auto& request, auto& answer) {
      answer.status = 429;
      answer.set_header("Date", "Mon, 02 Jan 2006 15:04:05 GMT");
      answer.set_header("Retry-After", request.get_param_value("after"));
    });
    server.Get("/echo", [](const auto& request, auto& answer) {
      answer.set_content(request.get_header_value("Authorization") + "|" + request.get_header_value("Accept") + "|" +
                             request.get_header_value("Host"),
                         "text/plain");
    });
    server.Post("/events", [](const auto& request, auto& answer) {
      answer.status = 201;
      answer.set_content(request.get_header_value("Content-Type") + "|" + request.body, "text/plain");
    });
    // One line at once, the other when the gate is open.
    server.Get("/watch", [this](const auto&, auto& answer) {
      answer.set_chunked_content_provider("application/json", [this](std::size_t, httplib::DataSink& sink) {
        sink.write("first\n", 6);
        gate_.pass();
        sink.write("second\n", 7);
        sink.done();
        return true;
      });
    });
  }

  Gate gate_;
  WebServer server_;
};

TEST_F(HttpClientTest, DeliversHeadBodyAndEnd) {
  const Seen seen = get("/plain");
  EXPECT_EQ(seen.status(), 200);
  EXPECT_EQ(seen.heads.at(0).content_type, "application/json");
  EXPECT_FALSE(seen.heads.at(0).http2);
  EXPECT_EQ(seen.body, "hello");
  EXPECT_EQ(seen.failure(), http::Failure::none) << seen.text();
  EXPECT_THAT(answers, ElementsAre("GET 200"));
}

TEST_F(HttpClientTest, DeliversTheFirstLineOfAWatchBeforeTheSecondExists) {
  Seen seen;
  client->start({.target = "/watch"}, {}, handlers_for(seen));
  ASSERT_TRUE(await([&] { return seen.body == "first\n"; }));
  EXPECT_EQ(seen.status(), 200);
  EXPECT_FALSE(seen.ended());
  gate_.open();
  ASSERT_TRUE(await([&] { return seen.ended(); }));
  EXPECT_EQ(seen.body, "first\nsecond\n");
  EXPECT_EQ(seen.failure(), http::Failure::none) << seen.text();
}

TEST_F(HttpClientTest, DeliversALargeAnswerWhole) {
  const Seen seen = get("/big");
  EXPECT_EQ(seen.body, std::string(3'000'000, 'x'));
  EXPECT_GT(seen.pieces, 1U);
}

TEST_F(HttpClientTest, SendsTokenAcceptAndHost) {
  EXPECT_EQ(get("/echo", {.bearer_token = "secret"}).body,
            "Bearer secret|application/json|127.0.0.1:" + std::to_string(server_.port()));
}

TEST_F(HttpClientTest, SendsUserAndPasswordWithTheFirstRequest) {
  EXPECT_THAT(get("/echo", {.username = "user", .password = "pass"}).body, HasSubstr("Basic dXNlcjpwYXNz|"));
}

TEST_F(HttpClientTest, SendsABodyWithItsType) {
  Seen seen;
  client->start({.method = "POST", .target = "/events", .body = "{}", .content_type = "application/json"}, {},
                handlers_for(seen));
  ASSERT_TRUE(await([&] { return seen.ended(); }));
  EXPECT_EQ(seen.status(), 201);
  EXPECT_EQ(seen.body, "application/json|{}");
  EXPECT_THAT(answers, ElementsAre("POST 201"));
}

TEST_F(HttpClientTest, ErrorStatusesAreAnswersAndTellWhenToComeBack) {
  const Seen seen = get("/busy?after=7");
  EXPECT_EQ(seen.status(), 429);
  EXPECT_EQ(seen.heads.at(0).retry_after, 7s);
  EXPECT_EQ(seen.heads.at(0).server_time, std::chrono::system_clock::from_time_t(1136214245));
  EXPECT_EQ(seen.failure(), http::Failure::none);
}

TEST_F(HttpClientTest, ARetryAfterDateCountsByTheClockOfTheServer) {
  EXPECT_EQ(get("/busy?after=Mon,%2002%20Jan%202006%2015:05:05%20GMT").heads.at(0).retry_after, 60s);
}

TEST_F(HttpClientTest, NothingIsCalledFromWithinStart) {
  Seen seen;
  client->start({.target = "/plain"}, {.bearer_token = "two\r\nlines"}, handlers_for(seen));
  EXPECT_FALSE(seen.ended());
  ASSERT_TRUE(await([&] { return seen.ended(); }));
  EXPECT_EQ(seen.failure(), http::Failure::protocol);
  EXPECT_THAT(seen.text(), HasSubstr("bearer token"));
  EXPECT_EQ(seen.text().find("lines"), std::string::npos) << "tokens stay out of messages";
}

TEST_F(HttpClientTest, AfterCancelNothingIsCalled) {
  Seen cancelled;
  const auto id = client->start({.target = "/watch"}, {}, handlers_for(cancelled));
  ASSERT_TRUE(await([&] { return cancelled.pieces == 1; }));
  client->cancel(id);
  gate_.open();
  EXPECT_EQ(get("/plain").body, "hello");
  EXPECT_EQ(cancelled.body, "first\n");
  EXPECT_FALSE(cancelled.ended());
}

TEST_F(HttpClientTest, AHandlerMayCancelItsOwnExchangeAndAnother) {
  Seen watch;
  const auto watch_id = client->start({.target = "/watch"}, {}, handlers_for(watch));
  ASSERT_TRUE(await([&] { return watch.pieces == 1; }));
  std::size_t calls = 0;
  http::Client::Id own{};
  own = client->start({.target = "/big"}, {},
                      {.body =
                           [&](std::string_view) {
                             ++calls;
                             client->cancel(own);
                             client->cancel(watch_id);
                             gate_.open();
                           },
                       .end = [&](const http::End&) { ++calls; }});
  ASSERT_TRUE(await([&] { return calls > 0; }));
  EXPECT_EQ(get("/plain").body, "hello");
  EXPECT_EQ(calls, 1U);
  EXPECT_EQ(watch.body, "first\n");
  EXPECT_FALSE(watch.ended());
}

TEST_F(HttpClientTest, AHandlerMayStartAnExchange) {
  Seen second;
  Seen third;
  client->start({.target = "/plain"}, {},
                {.body = [&](std::string_view) { client->start({.target = "/plain"}, {}, handlers_for(second)); },
                 .end = [&](const http::End&) { client->start({.target = "/plain"}, {}, handlers_for(third)); }});
  ASSERT_TRUE(await([&] { return second.ended() && third.ended(); }));
  EXPECT_EQ(second.body + third.body, "hellohello");
}

TEST_F(HttpClientTest, AHandlerMayDestroyTheClient) {
  for (const std::string moment : {"head", "body", "end"}) {
    connect({.url = server_.url()});
    bool destroyed = false;
    const auto destroy = [&](std::string_view now) {
      if (now != moment) return;
      EXPECT_FALSE(destroyed) << "called after the client is gone";
      client.reset();
      destroyed = true;
    };
    Seen other;
    client->start({.target = "/plain"}, {},
                  {.head = [&](const http::Head&) { destroy("head"); },
                   .body = [&](std::string_view) { destroy("body"); },
                   .end = [&](const http::End&) { destroy("end"); }});
    client->start({.target = "/watch"}, {}, handlers_for(other));
    ASSERT_TRUE(await([&] { return destroyed; })) << moment;
    EXPECT_FALSE(other.ended());
  }
}

TEST_F(HttpClientTest, TheClientMayGoWithExchangesUnderWay) {
  Seen seen;
  client->start({.target = "/watch"}, {}, handlers_for(seen));
  client.reset();
  EXPECT_FALSE(await([&] { return seen.ended(); }, 20ms));
  EXPECT_TRUE(seen.heads.empty());
}

TEST_F(HttpClientTest, ASilentServerIsGivenUpAfterMaxSilence) {
  Seen seen;
  const auto begin = EventLoop::Clock::now();
  client->start({.target = "/watch", .max_silence = 150ms}, {}, handlers_for(seen));
  ASSERT_TRUE(await([&] { return seen.ended(); }));
  EXPECT_GE(EventLoop::Clock::now() - begin, 150ms);
  EXPECT_LT(EventLoop::Clock::now() - begin, 8s);
  EXPECT_EQ(seen.failure(), http::Failure::silent);
  EXPECT_EQ(seen.body, "first\n");
  EXPECT_THAT(seen.text(), HasSubstr("for 150 ms"));
}

}  // namespace
}  // namespace sp::test
