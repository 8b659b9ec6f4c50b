// SPDX-License-Identifier: Apache-2.0
// ExchangeServer: says again what it hears until the client closes, at as many addresses as wanted.
//
// It has no thread: whoever waits for its answers calls serve(). Client and server so share one CPU, and what an
// exchange takes is what both ends and all between them compute, without a wake-up of another CPU in it.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "tests/harness/sockets.h"

namespace sp::bench {

inline constexpr std::string_view kRequest = "who is there?\n";

class ExchangeServer {
 public:
  [[nodiscard]] static Result<ExchangeServer> start();

  [[nodiscard]] Result<void> listen(const test::Place& place, const test::Endpoint& at);
  // Takes one who has come at each address, answers who has asked, drops who has closed; does not wait.
  void serve() const;

 private:
  ExchangeServer() = default;
  void take_client(int listener) const;

  Fd epoll_;
  std::vector<Fd> listeners_;
};

}  // namespace sp::bench
