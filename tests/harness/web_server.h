// SPDX-License-Identifier: Apache-2.0
// WebServer and RawServer: HTTP servers on the loopback for tests of clients, in threads of their own.
//
// Promises: each listens on a port that was free, from before its constructor returns until its destructor does. What
// fails throws, and fails the test with it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "loader/util/fd.h"
#include "tests/harness/certificates.h"

namespace httplib {
class Server;
}

namespace sp::test {

class WebServer {
 public:
  struct Options {
    std::optional<Identity> identity = {};  // speaks TLS
    std::string client_authority_pem = {};  // asks clients for a certificate of this authority
  };

  // `route` adds the answers, with httplib's calls; they run in threads of the server.
  WebServer(const Options& options, const std::function<void(httplib::Server&)>& route);
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url() const;

 private:
  bool tls_;
  int port_ = 0;
  std::unique_ptr<httplib::Server> server_;
  std::thread thread_;
};

// Serves each connection with a function, one after the other: for what no decent server says.
class RawServer {
 public:
  // Gets a connected socket, which is closed when it returns.
  using Serve = std::function<void(int socket)>;

  explicit RawServer(Serve serve);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url() const;
  [[nodiscard]] int connections() const { return connections_; }

 private:
  Fd listener_;
  Fd stop_;
  int port_ = 0;
  Serve serve_;
  std::atomic<int> connections_ = 0;
  std::thread thread_;
};

// Reads from a socket up to and including the end of a request's head.
std::string read_request_head(int socket);
void write_all(int socket, std::string_view text);

}  // namespace sp::test
