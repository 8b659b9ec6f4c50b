// SPDX-License-Identifier: Apache-2.0
// GoodTraffic: a client that opens connections at a steady rate and asks on long-lived ones at a steady beat, whether
// or not the answers come; against identity servers.
//
// Promises: every connection and every request on a long-lived one ends in the report exactly once, as good or as lost.
// Lost is what failed, what the kernel had to send twice, and what had no answer after kLate.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "tests/harness/traffic.h"

namespace sp::bench {

struct GoodPlan {
  std::string netns;
  std::vector<test::Endpoint> targets{};  // taken in turn
  std::size_t long_lived = 20;
  test::Millis beat{20};
  test::Millis new_interval{2};
  unsigned cpu = 1;
};

struct GoodReport {
  std::size_t connections = 0;
  std::size_t lost_connections = 0;
  std::size_t requests = 0;  // on long-lived ones
  std::size_t lost_requests = 0;
  std::map<std::string, std::size_t> reasons;
};

class GoodTraffic {
 public:
  // The kernel sends nothing twice before 200 ms, unless it hears of a loss; a SYN not before a second.
  static constexpr test::Millis kLate{190};

  // Returns when all long-lived connections have been greeted.
  [[nodiscard]] static Result<std::unique_ptr<GoodTraffic>> start(const GoodPlan& plan);
  GoodTraffic(const GoodTraffic&) = delete;
  GoodTraffic& operator=(const GoodTraffic&) = delete;
  ~GoodTraffic();

  // Begins nothing more, waits for what is under way, and tells what happened since start() returned.
  [[nodiscard]] GoodReport stop();

 private:
  struct Conversation {
    Fd fd;
    bool is_long = false;
    bool is_greeted = false;
    bool is_waiting = true;  // for a line of the server
    test::Clock::time_point since;
  };

  explicit GoodTraffic(GoodPlan plan) : plan_(std::move(plan)) {}
  Result<void> greet_long_lived();
  Result<void> open(bool is_long);
  void work();
  void hear(int fd);
  void ask(Conversation& conversation);
  void beat();
  void sweep();
  void judge(const Conversation& conversation, const std::string& trouble);
  [[nodiscard]] bool is_quiet() const;

  GoodPlan plan_;
  Fd epoll_;
  std::map<int, Conversation> conversations_;
  std::map<int, unsigned> sent_twice_;  // by long-lived connection, so far
  std::size_t next_target_ = 0;
  GoodReport report_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace sp::bench
