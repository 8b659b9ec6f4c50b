// SPDX-License-Identifier: Apache-2.0
// RetryingServer: an HttpServer that is wanted always. While its address is taken, it tries again.
//
// Promises: one log line when it cannot listen, one when it can after all, none in between unless the cause changes.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "loader/serve/http_server.h"

namespace sp::serve {

class RetryingServer {
 public:
  // As kube-proxy.
  static constexpr std::chrono::seconds kRetry{5};

  enum class OnFailure : std::uint8_t {
    retry,
    fail,  // bindAddressHardFail: the first failure is the caller's; nothing was logged
  };
  // `name` is what log lines call it ("healthz"). `loop` must outlive the object.
  [[nodiscard]] static Result<std::unique_ptr<RetryingServer>> start(EventLoop& loop, std::string name,
                                                                     const BindAddress& address, Handler handler,
                                                                     OnFailure on_failure,
                                                                     std::chrono::milliseconds retry = kRetry);
  RetryingServer(const RetryingServer&) = delete;
  RetryingServer& operator=(const RetryingServer&) = delete;
  ~RetryingServer();

  // Null while it cannot listen.
  [[nodiscard]] const HttpServer* server() const { return server_.get(); }

 private:
  RetryingServer(EventLoop& loop, std::string name, const BindAddress& address, Handler handler);
  [[nodiscard]] Result<void> listen();
  void try_again();

  EventLoop& loop_;
  std::string name_;
  BindAddress address_;
  Handler handler_;
  EventLoop::Timer timer_{};
  bool has_timer_ = false;
  std::string last_error_;  // empty = none
  std::unique_ptr<HttpServer> server_;
};

}  // namespace sp::serve
