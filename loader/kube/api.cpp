// SPDX-License-Identifier: Apache-2.0
#include "loader/kube/api.h"

#include <utility>
#include <vector>

namespace sp::kube {

Result<std::unique_ptr<Api>> Api::create(EventLoop& loop, access::Access& access, http::Observer observer) {
  return create_with(loop, access, [observer = std::move(observer)](EventLoop& at, http::Server server) {
    return http::Client::create(at, std::move(server), observer);
  });
}

Result<std::unique_ptr<Api>> Api::create_with(EventLoop& loop, access::Access& access, ClientFactory factory) {
  std::unique_ptr<Api> api(new Api(loop, access, std::move(factory)));
  SP_TRY_ASSIGN(timer, loop.add_timer([weak = std::weak_ptr(api->self_)] {
    if (const auto self = weak.lock()) {
      (*self)->end_failed();
    }
  }));
  api->fail_timer_ = timer;
  return api;
}

Api::Api(EventLoop& loop, access::Access& access, ClientFactory factory)
    : loop_(loop), access_(access), factory_(std::move(factory)), self_(std::make_shared<Api*>(this)) {}

Api::~Api() {
  self_.reset();
  loop_.remove(fail_timer_);
}

Api::Id Api::start(http::Request request, ApiHandlers handlers) {
  const Id id = next_++;
  exchanges_.emplace(id, Exchange{std::move(request), std::move(handlers), std::nullopt, std::nullopt});
  if (const Result<void> followed = follow_server(); !followed) {
    fail(id, ApiEnd{true, http::Failure::none, followed.error().text()});
    return id;
  }
  access_.credentials([weak = std::weak_ptr(self_), id](const Result<http::Credentials>& credentials) {
    if (const auto self = weak.lock()) {
      (*self)->send(id, credentials);
    }
  });
  return id;
}

void Api::cancel(Id id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) {
    return;
  }
  const auto at_client = found->second.at_client;
  exchanges_.erase(found);
  if (at_client) {
    client_->cancel(*at_client);
  }
}

void Api::refused() {
  access_.refused();
}

void Api::renew_connections() {
  if (client_) {
    client_->renew_connections();
  }
}

Result<void> Api::follow_server() {
  SP_TRY_ASSIGN(server, access_.server());
  if (client_ && server == server_) {
    return {};
  }
  SP_TRY_ASSIGN(client, factory_(loop_, server));
  client_ = std::move(client);
  server_ = std::move(server);
  for (auto& [id, exchange] : exchanges_) {
    if (std::exchange(exchange.at_client, std::nullopt)) {
      fail(id, ApiEnd{false, http::Failure::cut, "the API server is another one now: " + server_.url});
    }
  }
  return {};
}

void Api::send(Id id, const Result<http::Credentials>& credentials) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end() || found->second.failed) {
    return;
  }
  if (!credentials) {
    fail(id, ApiEnd{true, http::Failure::none, credentials.error().text()});
    return;
  }
  // The client is gone before this object is, and calls nothing after that.
  http::Handlers handlers;
  handlers.head = [this, id](const http::Head& head) {
    if (const auto exchange = exchanges_.find(id); exchange != exchanges_.end() && exchange->second.handlers.head) {
      const auto take = exchange->second.handlers.head;
      take(head);
    }
  };
  handlers.body = [this, id](std::string_view bytes) {
    if (const auto exchange = exchanges_.find(id); exchange != exchanges_.end() && exchange->second.handlers.body) {
      const auto take = exchange->second.handlers.body;
      take(bytes);
    }
  };
  handlers.end = [this, id](const http::End& http_end) { end(id, ApiEnd{false, http_end.failure, http_end.text}); };
  found->second.at_client = client_->start(found->second.request, *credentials, std::move(handlers));
}

void Api::fail(Id id, ApiEnd end) {
  exchanges_.at(id).failed = std::move(end);
  loop_.start_once(fail_timer_, std::chrono::nanoseconds::zero());
}

void Api::end_failed() {
  std::vector<Id> failed;
  for (const auto& [id, exchange] : exchanges_) {
    if (exchange.failed) {
      failed.push_back(id);
    }
  }
  for (const Id id : failed) {
    if (const auto found = exchanges_.find(id); found != exchanges_.end()) {
      end(id, ApiEnd(*found->second.failed));
    }
  }
}

void Api::end(Id id, const ApiEnd& end) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) {
    return;
  }
  const auto take = std::move(found->second.handlers.end);
  exchanges_.erase(found);
  if (take) {
    take(end);
  }
}

}  // namespace sp::kube
