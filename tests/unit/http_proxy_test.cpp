// SPDX-License-Identifier: Apache-2.0
// http::Client through a proxy that opens tunnels (CONNECT).
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <httplib.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <mutex>

#include "loader/http/client.h"
#include "tests/harness/certificates.h"
#include "tests/harness/http_exchanges.h"
#include "tests/harness/web_server.h"

namespace sp::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Copies bytes both ways until either side hangs up.
void relay(int one, int other) {
  const std::array<int, 2> sockets{one, other};
  for (;;) {
    std::array<pollfd, 2> ready{{{one, POLLIN, 0}, {other, POLLIN, 0}}};
    ::poll(ready.data(), ready.size(), -1);
    for (std::size_t i = 0; i < 2; ++i) {
      if (ready.at(i).revents == 0) continue;
      std::array<char, 16384> piece{};
      const ssize_t count = ::recv(sockets.at(i), piece.data(), piece.size(), 0);
      if (count <= 0) return;
      write_all(sockets.at(1 - i), {piece.data(), static_cast<std::size_t>(count)});
    }
  }
}

Fd connect_to(int port) {
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return socket;
}

class HttpProxyTest : public HttpTest {
 protected:
  static void route(httplib::Server& server) {
    server.Get("/", [](const auto&, auto& answer) { answer.set_content("behind a proxy", "text/plain"); });
  }
  // What the proxy was asked for.
  std::string request() {
    const std::lock_guard lock(mutex_);
    return request_;
  }
  void note(const std::string& head) {
    const std::lock_guard lock(mutex_);
    request_ = head;
  }

  Authority authority{"kubernetes"};
  WebServer server{{.identity = authority.issue({.common_name = "s", .names = {"127.0.0.1", "kubernetes"}})}, route};

 private:
  std::mutex mutex_;
  std::string request_;
};

TEST_F(HttpProxyTest, TunnelsThroughTheProxyAndHidesItsAnswers) {
  const RawServer proxy([this](int socket) {
    note(read_request_head(socket));
    write_all(socket, "HTTP/1.1 200 Tunnel ready\r\nContent-Type: wrong/one\r\n\r\n");
    relay(socket, connect_to(server.port()).get());
  });
  connect({.url = server.url(), .ca_pem = authority.pem(), .proxy_url = proxy.url()});
  const Seen seen = get("/", {.bearer_token = "secret"});
  client.reset();
  ASSERT_EQ(seen.heads.size(), 1U) << seen.text();
  EXPECT_EQ(seen.heads[0].content_type, "text/plain");
  EXPECT_EQ(seen.body, "behind a proxy");
  EXPECT_THAT(request(), StartsWith("CONNECT 127.0.0.1:" + std::to_string(server.port()) + " "));
  EXPECT_EQ(request().find("secret"), std::string::npos) << "the token is not for the proxy";
}

TEST_F(HttpProxyTest, TheProxyIsAskedForTheRealHostWhateverTlsVerifies) {
  const RawServer proxy([this](int socket) {
    note(read_request_head(socket));
    write_all(socket, "HTTP/1.1 200 Tunnel ready\r\n\r\n");
    relay(socket, connect_to(server.port()).get());
  });
  connect({.url = server.url(), .ca_pem = authority.pem(), .tls_server_name = "kubernetes", .proxy_url = proxy.url()});
  const Seen seen = get("/");
  client.reset();
  EXPECT_EQ(seen.body, "behind a proxy") << seen.text();
  EXPECT_THAT(request(), StartsWith("CONNECT 127.0.0.1:" + std::to_string(server.port()) + " "));
}

TEST_F(HttpProxyTest, AProxyThatRefusesIsToldFromTheServer) {
  const RawServer proxy([](int socket) {
    read_request_head(socket);
    write_all(socket, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  });
  connect({.url = server.url(), .ca_pem = authority.pem(), .proxy_url = proxy.url()});
  const Seen seen = get("/");
  EXPECT_TRUE(seen.heads.empty()) << "403 of a proxy is no answer of the server";
  EXPECT_EQ(seen.failure(), http::Failure::connect) << seen.text();
  EXPECT_THAT(seen.text(), AllOf(HasSubstr("403"), HasSubstr("proxy")));
}

TEST_F(HttpProxyTest, AProxyThatIsNotThereIsNamed) {
  int port = 0;
  {
    port = RawServer([](int) {}).port();
  }
  const std::string peer = "127.0.0.1:" + std::to_string(port);
  connect({.url = server.url(), .ca_pem = authority.pem(), .proxy_url = "http://user:word@" + peer});
  const Seen seen = get("/");
  EXPECT_EQ(seen.failure(), http::Failure::connect);
  EXPECT_THAT(seen.text(), AllOf(HasSubstr("proxy"), HasSubstr(peer)));
  EXPECT_EQ(seen.text().find("word"), std::string::npos) << seen.text();
}

}  // namespace
}  // namespace sp::test
