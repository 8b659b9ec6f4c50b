// SPDX-License-Identifier: Apache-2.0
// http::Client over HTTP/2: nginx in front of a plain server, since the latter speaks HTTP/1.1 only.
#include <gmock/gmock.h>
#include <httplib.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <set>
#include <sstream>

#include "loader/http/client.h"
#include "tests/harness/certificates.h"
#include "tests/harness/http_exchanges.h"
#include "tests/harness/scratch_folder.h"
#include "tests/harness/web_server.h"

namespace sp::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// nginx on a port of the loopback, speaking TLS and HTTP/2, in front of `backend_port`.
class Nginx {
 public:
  Nginx(const Identity& identity, int backend_port) {
    {
      port_ = RawServer([](int) {}).port();
    }  // free a moment ago
    folder_.write("s.crt", identity.certificate_pem);
    folder_.write("s.key", identity.key_pem);
    folder_.write("conf", R"(
daemon off; master_process off; pid pid; error_log stderr warn;
events {}
http {
  keepalive_requests 1000000;
  client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;
  log_format c '$server_protocol $connection $request_uri'; access_log access c;
  server {
    listen 127.0.0.1:)" + std::to_string(port_) +
                              R"( ssl http2;
    ssl_certificate s.crt; ssl_certificate_key s.key;
    location / {
      proxy_pass http://127.0.0.1:)" +
                              std::to_string(backend_port) +
                              R"(; proxy_http_version 1.1; proxy_buffering off; proxy_read_timeout 1h;
    }
  }
})");
    const std::string prefix = folder_.path().string();
    const std::string config = folder_.path("conf").string();
    std::array<const char*, 8> words{"nginx", "-e", "stderr", "-p", prefix.c_str(), "-c", config.c_str(), nullptr};
    if (::posix_spawnp(&pid_, "nginx", nullptr, nullptr, const_cast<char**>(words.data()), environ) != 0) pid_ = -1;
  }
  ~Nginx() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;

  [[nodiscard]] bool started() const { return pid_ > 0; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }
  // "HTTP/2.0 1 /path" a line: protocol, number of the connection, target.
  [[nodiscard]] std::string log() const { return folder_.read("access"); }

 private:
  ScratchFolder folder_;
  int port_ = 0;
  pid_t pid_ = -1;
};

class Http2Test : public HttpTest {
 protected:
  void SetUp() override {
    if (!nginx->started()) GTEST_SKIP() << "nginx is not on PATH: HTTP/2 is not tested";
    // Its port is open soon after.
    ASSERT_TRUE(await_server()) << "nginx does not answer";
    connect({.url = nginx->url(), .ca_pem = authority.pem()});
  }
  void TearDown() override {
    client.reset();
    streaming = false;
  }
  bool await_server() {
    const auto deadline = EventLoop::Clock::now() + 10s;
    while (EventLoop::Clock::now() < deadline) {
      connect({.url = nginx->url(), .ca_pem = authority.pem()});
      if (get("/ready").status() == 200) return true;
    }
    return false;
  }
  void route(httplib::Server& server) {
    server.Get("/ready", [](const auto&, auto& answer) { answer.set_content("yes", "text/plain"); });
    server.Get("/big",
               [](const auto&, auto& answer) { answer.set_content(std::string(5'000'000, 'x'), "text/plain"); });
    server.Get("/lines", [](const auto& request, auto& answer) {
      std::string text;
      for (int i = 0; i < 2000; ++i) text += request.get_param_value("of") + " " + std::to_string(i) + "\n";
      answer.set_content(text, "text/plain");
    });
    // A line every few milliseconds, until the test ends.
    server.Get("/watch", [this](const auto&, auto& answer) {
      answer.set_chunked_content_provider("text/plain", [this](std::size_t, httplib::DataSink& sink) {
        std::this_thread::sleep_for(5ms);
        if (!streaming) return sink.done(), true;
        return sink.write("event\n", 6);
      });
    });
    server.Get("/hang", [this](const auto&, auto& answer) {
      answer.set_chunked_content_provider("text/plain", [this](std::size_t, httplib::DataSink& sink) {
        while (streaming) std::this_thread::sleep_for(5ms);
        return sink.done(), true;
      });
    });
  }

  Authority authority{"kubernetes"};
  std::atomic<bool> streaming = true;
  WebServer backend{{}, [this](httplib::Server& server) { route(server); }};
  std::unique_ptr<Nginx> nginx = std::make_unique<Nginx>(
      authority.issue({.common_name = "s", .names = {"127.0.0.1", "kubernetes.default.svc"}}), backend.port());
};

TEST_F(Http2Test, IsUsedWhenItIsOffered) {
  const Seen seen = get("/ready");
  EXPECT_EQ(seen.status(), 200);
  EXPECT_TRUE(seen.heads.at(0).http2);
  EXPECT_EQ(seen.heads.at(0).content_type, "text/plain");
  EXPECT_EQ(seen.body, "yes");
}

TEST_F(Http2Test, NamesTheRealHostWhateverTlsVerifies) {
  connect({.url = nginx->url(), .ca_pem = authority.pem(), .tls_server_name = "kubernetes.default.svc"});
  const Seen seen = get("/ready");
  EXPECT_EQ(seen.status(), 200) << seen.text();
  EXPECT_TRUE(seen.heads.at(0).http2);
}

TEST_F(Http2Test, WatchesAndListsShareOneConnection) {
  constexpr std::size_t kExchanges = 12;
  std::array<Seen, kExchanges> watches;
  std::array<Seen, kExchanges> lists;
  for (std::size_t i = 0; i < kExchanges; ++i) {
    client->start({.target = "/watch?shared"}, {}, handlers_for(watches.at(i)));
    client->start({.target = "/lines?shared&of=list-" + std::to_string(i)}, {}, handlers_for(lists.at(i)));
  }
  ASSERT_TRUE(await([&] {
    return std::all_of(lists.begin(), lists.end(), [](const Seen& seen) { return seen.ended(); }) &&
           std::all_of(watches.begin(), watches.end(), [](const Seen& seen) { return seen.body.size() > 600; });
  })) << "an exchange stalled";
  for (std::size_t i = 0; i < kExchanges; ++i) {
    EXPECT_EQ(lists.at(i).failure(), http::Failure::none) << lists.at(i).text();
    EXPECT_THAT(lists.at(i).body, HasSubstr("list-" + std::to_string(i) + " 1999\n"));
    EXPECT_FALSE(watches.at(i).ended());
  }
  std::set<std::string> connections;
  std::istringstream log(nginx->log());
  for (std::string protocol, connection, target; log >> protocol >> connection >> target;) {
    if (target.find("shared") != std::string::npos) connections.insert(connection);
  }
  EXPECT_EQ(connections.size(), 1U);
}

TEST_F(Http2Test, ALargeAnswerArrivesWholeBesideAWatch) {
  Seen watch;
  client->start({.target = "/watch"}, {}, handlers_for(watch));
  ASSERT_TRUE(await([&] { return !watch.body.empty(); }));
  EXPECT_EQ(get("/big").body.size(), 5'000'000U);
  const std::size_t before = watch.body.size();
  EXPECT_TRUE(await([&] { return watch.body.size() > before + 60; }));
}

TEST_F(Http2Test, CancellingOneStreamLeavesTheOthers) {
  Seen cancelled;
  Seen watch;
  const auto id = client->start({.target = "/watch"}, {}, handlers_for(cancelled));
  client->start({.target = "/watch"}, {}, handlers_for(watch));
  ASSERT_TRUE(await([&] { return !cancelled.body.empty() && !watch.body.empty(); }));
  client->cancel(id);
  const std::size_t before = watch.body.size();
  const std::string last = cancelled.body;
  EXPECT_TRUE(await([&] { return watch.body.size() > before + 60; }));
  EXPECT_EQ(cancelled.body, last);
  EXPECT_FALSE(cancelled.ended() || watch.ended());
}

TEST_F(Http2Test, AfterASilentStreamNewRequestsLeaveItsConnection) {
  Seen watch;
  client->start({.target = "/watch?old"}, {}, handlers_for(watch));
  ASSERT_TRUE(await([&] { return !watch.body.empty(); }));
  Seen silent;
  client->start({.target = "/hang", .max_silence = 100ms}, {}, handlers_for(silent));
  ASSERT_TRUE(await([&] { return silent.ended(); }));
  EXPECT_EQ(silent.failure(), http::Failure::silent);
  EXPECT_EQ(get("/ready?after").status(), 200);
  const std::size_t before = watch.body.size();
  EXPECT_TRUE(await([&] { return watch.body.size() > before + 12; })) << "what works goes on";
  std::string hung;
  std::string after;
  std::istringstream log(nginx->log());
  for (std::string protocol, connection, target; log >> protocol >> connection >> target;) {
    if (target == "/hang") hung = connection;
    if (target == "/ready?after") after = connection;
  }
  EXPECT_NE(hung, "");
  EXPECT_NE(after, hung);
}

TEST_F(Http2Test, AFrozenServerIsSilentAndAKilledOneIsCut) {
  Seen frozen;
  Seen killed;
  client->start({.target = "/watch", .max_silence = 200ms}, {}, handlers_for(frozen));
  client->start({.target = "/watch", .max_silence = 60s}, {}, handlers_for(killed));
  ASSERT_TRUE(await([&] { return !frozen.body.empty() && !killed.body.empty(); }));
  ::kill(nginx->pid(), SIGSTOP);
  ASSERT_TRUE(await([&] { return frozen.ended(); }));
  EXPECT_EQ(frozen.failure(), http::Failure::silent);
  EXPECT_FALSE(killed.ended());
  nginx.reset();
  ASSERT_TRUE(await([&] { return killed.ended(); }));
  EXPECT_EQ(killed.failure(), http::Failure::cut) << killed.text();
  EXPECT_EQ(get("/ready").failure(), http::Failure::connect);
}

}  // namespace
}  // namespace sp::test
