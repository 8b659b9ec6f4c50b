// SPDX-License-Identifier: Apache-2.0
// HttpServer: accepts connections and serves each by a thread of its own, so that watches may hang as they like.
//
// Promises: stop() ends every connection and returns when no thread is left; start() again listens on the same port.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "tests/harness/fake_api/stream.h"

namespace sp::fake_api {

class HttpServer {
 public:
  using Complain = std::function<void(const std::string&)>;
  // `address` is numeric; port 0 = any, and that one from then on. `tls` nothing = plain.
  HttpServer(std::string address, std::uint16_t port, Handler handler, Complain complain);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();

  // For connections from now on.
  [[nodiscard]] Result<void> use_tls(const std::optional<ServerTls>& tls);
  [[nodiscard]] Result<void> start();
  void stop(bool reset = false);
  // Connections are cut, new ones are welcome.
  void drop_connections(bool reset);
  // From now on connections are accepted and nothing is read from them; those that exist fall silent.
  void freeze(bool on);
  [[nodiscard]] bool frozen() const { return frozen_; }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::size_t connection_count() const;

 private:
  void accept_all();
  void serve(std::shared_ptr<Stream> stream);
  // Waits while the server is frozen.
  void pass_gate();

  const std::string address_;
  std::uint16_t port_;
  const Handler handler_;
  const Complain complain_;
  TlsContext tls_;  // guarded by lock_
  Fd listener_;
  Fd wake_;
  std::thread acceptor_;
  std::atomic<bool> stopping_ = true;
  std::atomic<bool> frozen_ = false;
  mutable std::mutex lock_;
  std::condition_variable changed_;
  std::set<std::shared_ptr<Stream>> streams_;  // guarded by lock_; one serving thread each
};

}  // namespace sp::fake_api
