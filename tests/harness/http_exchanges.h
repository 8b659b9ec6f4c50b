// SPDX-License-Identifier: Apache-2.0
// What a test sees of the exchanges of an http::Client: everything that its handlers were told, in order.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "loader/http/client.h"
#include "loader/util/event_loop.h"

namespace sp::test {

struct Seen {
  std::vector<http::Head> heads;
  std::string body;
  std::size_t pieces = 0;
  std::vector<http::End> ends;

  [[nodiscard]] bool ended() const { return !ends.empty(); }
  [[nodiscard]] int status() const { return heads.empty() ? 0 : heads.front().status; }
  [[nodiscard]] http::Failure failure() const { return ends.empty() ? http::Failure::none : ends.front().failure; }
  [[nodiscard]] std::string text() const { return ends.empty() ? "" : ends.front().text; }
};

inline http::Handlers handlers_for(Seen& seen) {
  return {.head = [&seen](const http::Head& head) { seen.heads.push_back(head); },
          .body =
              [&seen](std::string_view piece) {
                EXPECT_EQ(seen.heads.size(), 1U) << "a body comes after its head";
                seen.body += piece;
                ++seen.pieces;
              },
          .end =
              [&seen](const http::End& end) {
                seen.ends.push_back(end);
                EXPECT_EQ(seen.ends.size(), 1U);
              }};
}

// An event loop that a test turns until something has come true.
class TurningLoop {
 public:
  EventLoop loop = std::move(EventLoop::create()).value();

  [[nodiscard]] bool await(const std::function<bool()>& done,
                           std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
    const auto deadline = EventLoop::Clock::now() + timeout;
    while (!done()) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - EventLoop::Clock::now()).count();
      pollfd ready{loop.fd(), POLLIN, 0};
      if (left <= 0 || ::poll(&ready, 1, static_cast<int>(left)) < 0 || !loop.turn()) {
        return false;
      }
    }
    return true;
  }
};

// Base of fixtures: one loop, one client, requests that run to their end.
class HttpTest : public testing::Test, public TurningLoop {
 protected:
  void connect(http::Server server) {
    auto created = http::Client::create(loop, std::move(server), [this](const http::Answered& answered) {
      answers.push_back(std::string(answered.method) + " " + std::to_string(answered.status));
    });
    if (!created) {
      throw std::runtime_error(created.error().text());
    }
    client = std::move(created).value();
  }

  Seen get(const std::string& target, const http::Credentials& credentials = {}) {
    Seen seen;
    client->start({.target = target}, credentials, handlers_for(seen));
    EXPECT_TRUE(await([&seen] { return seen.ended(); }));
    return seen;
  }

  std::unique_ptr<http::Client> client;
  std::vector<std::string> answers;  // "GET 200", as the observer was told
};

}  // namespace sp::test
