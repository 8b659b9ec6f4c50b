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

}  // namespace
}  // namespace sp::test
