// SPDX-License-Identifier: Apache-2.0
#include "loader/serve/retrying_server.h"

#include "loader/util/log.h"

namespace sp::serve {

RetryingServer::RetryingServer(EventLoop& loop, std::string name, const BindAddress& address, Handler handler)
    : loop_(loop), name_(std::move(name)), address_(address), handler_(std::move(handler)) {}

RetryingServer::~RetryingServer() {
  if (has_timer_) {
    loop_.remove(timer_);
  }
}

Result<std::unique_ptr<RetryingServer>> RetryingServer::start(EventLoop& loop, std::string name,
                                                              const BindAddress& address, Handler handler,
                                                              OnFailure on_failure, std::chrono::milliseconds retry) {
  std::unique_ptr<RetryingServer> server(new RetryingServer(loop, std::move(name), address, std::move(handler)));
  if (on_failure == OnFailure::fail) {
    SP_TRY(server->listen());
    return server;
  }
  SP_TRY_ASSIGN(timer, loop.add_timer([raw = server.get()] { raw->try_again(); }));
  server->timer_ = timer;
  server->has_timer_ = true;
  loop.start_every(timer, retry);
  server->try_again();
  return server;
}

Result<void> RetryingServer::listen() {
  SP_TRY_ASSIGN(server, HttpServer::listen(loop_, address_, handler_));
  server_ = std::move(server);
  log::info("serve", "{} listens address={}", name_, server_->address().text());
  return {};
}

void RetryingServer::try_again() {
  const auto listening = listen();
  if (listening) {
    loop_.cancel(timer_);
    return;
  }
  std::string error = listening.error().text();
  if (error != last_error_) {
    log::error("serve", "{} is not served, trying again: {}", name_, error);
    last_error_ = std::move(error);
  }
}

}  // namespace sp::serve
