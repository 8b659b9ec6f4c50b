// SPDX-License-Identifier: Apache-2.0
// ExchangeClient: connects, asks, hears the answer, closes, and does it again; so many at a time.
//
// Promises: nothing is retried but by the kernel; no pair of client address and port comes twice before all others had
// their turn; never sleeps.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/connect/exchange_server.h"
#include "tests/harness/process.h"
#include "tests/harness/sockets.h"

namespace sp::bench {

struct ExchangePlan {
  test::Endpoint target;
  unsigned parallel = 1;
  std::chrono::milliseconds duration{500};
};

struct Exchanges {
  double per_second = 0;
  std::size_t failed = 0;
  std::size_t stalled = 0;           // had no answer for long when the time was up; in no latency
  std::vector<double> latencies_us;  // sorted; from before socket() until after close()

  [[nodiscard]] double latency_us(double share) const;
};

class ExchangeClient {
 public:
  // Opens its sockets in `netns`, from each of `addresses` in turn, all of which the namespace must have.
  ExchangeClient(std::string netns, const std::vector<std::string>& addresses);

  // `server` is who answers.
  [[nodiscard]] Result<Exchanges> run(const ExchangePlan& plan, const ExchangeServer& server);

 private:
  struct Conversation {
    Fd fd;
    bool asked = false;
    test::Clock::time_point since;
  };

  Result<void> open(Conversation& conversation);
  Result<void> bind_next(int fd);
  // As far as it goes without waiting. True when the server has answered.
  Result<bool> advance(Conversation& conversation) const;

  std::string netns_;
  std::vector<test::SocketAddress> sources_;
  test::SocketAddress target_;
  std::uint64_t opened_ = 0;
};

}  // namespace sp::bench
