// SPDX-License-Identifier: Apache-2.0
// ScriptedClient: an http::Client whose answers a test gives piece by piece; and an Access that says what a test wants.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "loader/access/access.h"
#include "loader/http/client.h"

namespace sp::test {

class ScriptedClient : public http::Client {
 public:
  struct Exchange {
    http::Request request;
    http::Credentials credentials;
    http::Handlers handlers;
    bool over = false;       // ended or cancelled
    bool cancelled = false;  // by the client's user
  };

  // What has been asked since the beginning; survives the client, which the user may destroy.
  struct Log {
    std::deque<Exchange> exchanges;
    unsigned renewals = 0;
    unsigned clients = 0;

    [[nodiscard]] const std::string& target(std::size_t i) const { return exchanges.at(i).request.target; }
    void head(std::size_t i, http::Head head) { call(i, exchanges.at(i).handlers.head, head); }
    void head(std::size_t i, int status) {
      http::Head head;
      head.status = status;
      this->head(i, head);
    }
    void body(std::size_t i, std::string_view bytes) { call(i, exchanges.at(i).handlers.body, bytes); }
    void end(std::size_t i, const http::End& end = {}) {
      ASSERT_FALSE(exchanges.at(i).over) << target(i) << " is over";
      exchanges.at(i).over = true;
      const auto take = exchanges.at(i).handlers.end;
      take(end);
    }
    void fail(std::size_t i, http::Failure failure, const std::string& text) { end(i, {failure, text}); }
    // A whole answer.
    void answer(std::size_t i, int status, std::string_view bytes) {
      head(i, status);
      if (!exchanges.at(i).over) body(i, bytes);
      if (!exchanges.at(i).over) end(i);
    }

   private:
    template <typename Handler, typename Argument>
    void call(std::size_t i, const Handler& handler, const Argument& argument) {
      ASSERT_FALSE(exchanges.at(i).over) << target(i) << " is over";
      const auto take = handler;
      if (take) take(argument);
    }
  };

  explicit ScriptedClient(Log& log) : log_(log) { ++log_.clients; }

  Id start(const http::Request& request, const http::Credentials& credentials, http::Handlers handlers) override {
    log_.exchanges.push_back({request, credentials, std::move(handlers)});
    return Id{log_.exchanges.size() - 1};
  }
  void cancel(Id id) override {
    Exchange& exchange = log_.exchanges.at(static_cast<std::size_t>(id));
    exchange.cancelled |= !exchange.over;
    exchange.over = true;
  }
  void renew_connections() override { ++log_.renewals; }

 private:
  Log& log_;
};

class ScriptedAccess : public access::Access {
 public:
  Result<http::Server> server() override { return server_error.empty() ? Result(now) : Error{0, server_error}; }
  void credentials(Done done) override {
    if (plugin_runs) {
      waiting.push_back(std::move(done));
      return;
    }
    http::Credentials credentials;
    credentials.bearer_token = token;
    done(credentials);
  }
  void refused() override { ++refusals; }
  std::string text() const override { return "script"; }

  http::Server now{.url = "https://192.0.2.1:6443"};
  std::string server_error;
  std::string token = "t1";
  bool plugin_runs = false;  // credentials() answers when the test calls what waits
  std::deque<Done> waiting;
  unsigned refusals = 0;
};

}  // namespace sp::test
