// SPDX-License-Identifier: Apache-2.0
// Api: requests to the API server with the credentials of the moment: what Access says and what http::Client does, in
// one call.
//
// Promises: start() never fails and never calls a handler itself; when Access names another server, exchanges with the
// old one are ended as `cut` and new ones go to the new one. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "loader/access/access.h"
#include "loader/http/client.h"
#include "loader/util/event_loop.h"

namespace sp::kube {

// What an exchange ended with. `access` says that no request was made: the kubeconfig, service account or plugin
// failed.
struct ApiEnd {
  bool access = false;
  http::Failure failure = http::Failure::none;
  std::string text;
};

struct ApiHandlers {
  std::function<void(const http::Head&)> head;
  std::function<void(std::string_view)> body;
  std::function<void(const ApiEnd&)> end;  // once, as the last call; never after cancel()
};

class Api {
 public:
  using ClientFactory = std::function<Result<std::unique_ptr<http::Client>>(EventLoop&, http::Server)>;
  using Id = std::uint64_t;

  // `loop` and `access` must outlive the object; `observer` is called for every answer.
  [[nodiscard]] static Result<std::unique_ptr<Api>> create(EventLoop& loop, access::Access& access,
                                                           http::Observer observer = {});
  // With clients of another make.
  [[nodiscard]] static Result<std::unique_ptr<Api>> create_with(EventLoop& loop, access::Access& access,
                                                                ClientFactory factory);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  ~Api();

  Id start(http::Request request, ApiHandlers handlers);
  void cancel(Id id);
  // The server answered 401.
  void refused();
  // Connections are suspect: the next requests use new ones.
  void renew_connections();
  // URL of the server that requests go to; empty before the first one.
  [[nodiscard]] const std::string& url() const { return server_.url; }

 private:
  struct Exchange {
    http::Request request;
    ApiHandlers handlers;
    std::optional<http::Client::Id> at_client;  // none: waits for credentials, or for its end
    std::optional<ApiEnd> failed;               // how it ends in the next turn
  };

  Api(EventLoop& loop, access::Access& access, ClientFactory factory);
  void send(Id id, const Result<http::Credentials>& credentials);
  void fail(Id id, ApiEnd end);
  void end_failed();
  void end(Id id, const ApiEnd& end);
  [[nodiscard]] Result<void> follow_server();

  EventLoop& loop_;
  access::Access& access_;
  ClientFactory factory_;
  EventLoop::Timer fail_timer_{};
  http::Server server_;
  std::unique_ptr<http::Client> client_;
  std::map<Id, Exchange> exchanges_;
  Id next_ = 1;
  // Gone with the object: what Access and the client may still call holds it weakly.
  std::shared_ptr<Api*> self_;
};

}  // namespace sp::kube
