// SPDX-License-Identifier: Apache-2.0
// Conversation: one UDP socket that asks an identity server again and again, as resolvers and telemetry do.
//
// A conversation that stays where it was while its server is gone is what connection tracking is notorious for.
#pragma once

#include "tests/harness/traffic.h"

namespace sp::test {

class Conversation {
 public:
  // `connected`: with connect(), so that the kernel reports errors and hooks see no datagram; else with sendto().
  [[nodiscard]] static Result<Conversation> open(const Place& from, const Endpoint& target, bool connected);

  // One datagram and its answer, within the timeout. Errors are the socket's, ETIMEDOUT without an answer.
  [[nodiscard]] Result<Reply> exchange(Millis timeout = Millis(2000)) const;
  // Sends nothing: the socket's error as soon as it has one. ETIMEDOUT when it has none.
  [[nodiscard]] Error await_error(Millis timeout) const;

 private:
  Conversation(Fd fd, SocketAddress target, bool connected)
      : fd_(std::move(fd)), target_(target), connected_(connected) {}

  Fd fd_;
  SocketAddress target_;
  bool connected_;
};

}  // namespace sp::test
