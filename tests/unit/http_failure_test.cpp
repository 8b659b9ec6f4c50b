// SPDX-License-Identifier: Apache-2.0
// What http::Client makes of servers that are absent, odd or dying, over plain HTTP.
#include <curl/curl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <atomic>

#include "loader/http/client.h"
#include "loader/http/failure.h"
#include "tests/harness/http_exchanges.h"
#include "tests/harness/web_server.h"

namespace sp::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HttpFailureTest : public HttpTest {
 protected:
  // What the client sees of a server that answers with `text` and hangs up.
  Seen get_from(const std::string& text) {
    const RawServer server([text](int socket) {
      read_request_head(socket);
      write_all(socket, text);
    });
    connect({.url = server.url()});
    Seen seen = get("/");
    client.reset();
    return seen;
  }
};

TEST_F(HttpFailureTest, ARefusedConnectionNamesHostAndPort) {
  int port = 0;
  {
    port = RawServer([](int) {}).port();
  }
  connect({.url = "http://127.0.0.1:" + std::to_string(port)});
  const Seen seen = get("/");
  EXPECT_EQ(seen.failure(), http::Failure::connect);
  EXPECT_THAT(seen.text(), HasSubstr("127.0.0.1:" + std::to_string(port) + " refused"));
  EXPECT_TRUE(seen.heads.empty());
  EXPECT_THAT(answers, ElementsAre("GET 0"));
}

// Or each try would be a problem of its own to the log.
TEST(HttpFailureText, IsTheSameHoweverLongTheTryTook) {
  http::Endpoint endpoint;
  endpoint.host = "h";
  endpoint.peer = "h:1";
  const auto text_of = [&](const std::string& detail) {
    http::Trouble trouble;
    trouble.code = CURLE_COULDNT_CONNECT;
    trouble.detail = detail;
    return http::explain(endpoint, trouble, {}).text;
  };
  EXPECT_EQ(text_of("Failed to connect to h port 1 after 0 ms: Couldn't"),
            text_of("Failed to connect to h port 1 after 17 ms: Couldn't"));
  EXPECT_EQ(text_of("Connection timed out after 10001 milliseconds"),
            text_of("Connection timed out after 9 milliseconds"));
  EXPECT_THAT(text_of("stops after 3 lines"), HasSubstr("stops after 3 lines"));
}

TEST_F(HttpFailureTest, AnUnknownHostIsNamed) {
  connect({.url = "http://no-such-host.invalid:6443"});
  const Seen seen = get("/");
  EXPECT_EQ(seen.failure(), http::Failure::resolve) << seen.text();
  EXPECT_THAT(seen.text(), HasSubstr("no-such-host.invalid"));
}

TEST_F(HttpFailureTest, AnAnswerThatIsCutIsAnErrorAfterWhatCame) {
  const Seen seen = get_from("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  EXPECT_EQ(seen.status(), 200);
  EXPECT_EQ(seen.body, "half");
  EXPECT_EQ(seen.failure(), http::Failure::cut);
  EXPECT_THAT(seen.text(), HasSubstr("in the middle of an answer"));
}

TEST_F(HttpFailureTest, AChunkedAnswerWithoutItsEndIsCut) {
  const Seen seen = get_from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
  EXPECT_EQ(seen.body, "half");
  EXPECT_EQ(seen.failure(), http::Failure::cut) << seen.text();
}

TEST_F(HttpFailureTest, AHeadThatIsCutIsNoHead) {
  const Seen seen = get_from("HTTP/1.1 200 OK\r\nContent-Ty");
  EXPECT_TRUE(seen.heads.empty());
  EXPECT_EQ(seen.failure(), http::Failure::cut) << seen.text();
}

TEST_F(HttpFailureTest, NoAnswerAtAllIsCut) {
  const Seen seen = get_from("");
  EXPECT_EQ(seen.failure(), http::Failure::cut) << seen.text();
  EXPECT_THAT(seen.text(), HasSubstr("without an answer"));
}

TEST_F(HttpFailureTest, GarbageIsNotHttp) {
  const Seen seen = get_from("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  EXPECT_TRUE(seen.heads.empty());
  EXPECT_EQ(seen.failure(), http::Failure::protocol);
  EXPECT_THAT(seen.text(), HasSubstr("is not HTTP"));
}

TEST_F(HttpFailureTest, InterimAnswersAndTrailersAreNoHeads) {
  const Seen seen = get_from(
      "HTTP/1.1 103 Early Hints\r\nContent-Type: wrong/one\r\n\r\n"
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Type\r\n\r\n"
      "2\r\nok\r\n0\r\nContent-Type: wrong/too\r\n\r\n");
  ASSERT_EQ(seen.heads.size(), 1U);
  EXPECT_EQ(seen.status(), 200);
  EXPECT_EQ(seen.heads[0].content_type, "");
  EXPECT_EQ(seen.body, "ok");
  EXPECT_EQ(seen.failure(), http::Failure::none) << seen.text();
}

TEST_F(HttpFailureTest, AnAnswerWithoutABodyHasAHeadAndAnEnd) {
  const Seen seen = get_from("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(seen.status(), 204);
  EXPECT_EQ(seen.failure(), http::Failure::none);
}

TEST_F(HttpFailureTest, RedirectsAreNotFollowed) {
  const Seen seen = get_from("HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(seen.status(), 302);
}

// Serves every request on a connection until the client hangs up.
void serve_all(int socket) {
  while (!read_request_head(socket).empty()) {
    write_all(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  }
}

TEST_F(HttpFailureTest, RequestsShareAConnectionUntilItIsRenewed) {
  const RawServer server(serve_all);
  connect({.url = server.url()});
  EXPECT_EQ(get("/").body, "ok");
  EXPECT_EQ(get("/").body, "ok");
  EXPECT_EQ(server.connections(), 1);
  client->renew_connections();
  EXPECT_EQ(get("/").body, "ok");
  EXPECT_EQ(server.connections(), 2);
  client.reset();
}

TEST_F(HttpFailureTest, ExchangesUnderWayOutliveTheRenewal) {
  std::atomic<int> accepted = 0;
  const Fd go(::eventfd(0, EFD_CLOEXEC));
  const RawServer server([&](int socket) {
    if (accepted++ == 0) {
      read_request_head(socket);
      write_all(socket, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
      std::uint64_t count = 0;
      (void)!::read(go.get(), &count, sizeof count);
      write_all(socket, "cd");
    } else {
      serve_all(socket);
    }
  });
  connect({.url = server.url()});
  Seen first;
  client->start({.target = "/"}, {}, handlers_for(first));
  ASSERT_TRUE(await([&] { return first.body == "ab"; }));
  client->renew_connections();
  Seen second;
  client->start({.target = "/"}, {}, handlers_for(second));
  const std::uint64_t one = 1;
  ASSERT_EQ(::write(go.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
  ASSERT_TRUE(await([&] { return first.ended() && second.ended(); }));
  EXPECT_EQ(first.body, "abcd");
  EXPECT_EQ(first.failure(), http::Failure::none) << first.text();
  EXPECT_EQ(second.body, "ok");
  client.reset();
}

TEST_F(HttpFailureTest, AConnectionThatWentSilentIsNotUsedAgain) {
  std::atomic<int> accepted = 0;
  const RawServer server([&accepted](int socket) {
    read_request_head(socket);
    if (accepted++ == 0) {
      return read_request_head(socket), void();  // until the client hangs up
    }
    write_all(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  connect({.url = server.url()});
  Seen second;
  bool silent = false;
  client->start({.target = "/", .max_silence = 50ms}, {}, {.end = [&](const http::End& end) {
                  silent = end.failure == http::Failure::silent;
                  client->start({.target = "/"}, {}, handlers_for(second));
                }});
  ASSERT_TRUE(await([&] { return second.ended(); }));
  EXPECT_TRUE(silent);
  EXPECT_EQ(second.body, "ok");
}

// The value of an option of our socket whose peer is that port; -1 when there is no such socket.
int option_of_socket_to(int port, int level, int option) {
  for (int fd = 3; fd < 256; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 && ntohs(peer.sin_port) == port) {
      int value = -1;
      socklen_t value_size = sizeof value;
      ::getsockopt(fd, level, option, &value, &value_size);
      return value;
    }
  }
  return -1;
}

TEST_F(HttpFailureTest, SocketsNoticeADeadServerWithinSeconds) {
  const RawServer server(serve_all);
  connect({.url = server.url()});
  ASSERT_EQ(get("/").body, "ok");
  EXPECT_EQ(option_of_socket_to(server.port(), SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option_of_socket_to(server.port(), IPPROTO_TCP, TCP_KEEPIDLE), 5);
  EXPECT_EQ(option_of_socket_to(server.port(), IPPROTO_TCP, TCP_KEEPINTVL), 5);
  EXPECT_EQ(option_of_socket_to(server.port(), IPPROTO_TCP, TCP_USER_TIMEOUT), 15'000);
  EXPECT_EQ(option_of_socket_to(server.port(), IPPROTO_TCP, TCP_NODELAY), 1);
  client.reset();
}

TEST_F(HttpFailureTest, UrlsThatNameNoServerAreRefused) {
  for (const char* url : {"", "127.0.0.1:6443/", "ftp://192.0.2.1", "https://", "https://user:word@192.0.2.1",
                          "https://192.0.2.1/?a=b", "https://192.0.2.1:port"}) {
    EXPECT_FALSE(http::Client::create(loop, {.url = url})) << url;
  }
  for (const char* url : {"https://192.0.2.1", "https://[2001:db8::1]:6443", "http://host/with/path/"}) {
    EXPECT_TRUE(http::Client::create(loop, {.url = url})) << url;
  }
}

}  // namespace
}  // namespace sp::test
