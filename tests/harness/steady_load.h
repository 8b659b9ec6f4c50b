// SPDX-License-Identifier: Apache-2.0
// SteadyLoad: a client that keeps TCP connections open with a request every beat, and opens new ones all the time.
//
// Against identity servers. Promises: nothing is retried; every connection ever opened is in the report exactly once,
// as completed, reset, failed or ended with a farewell; a connection that gives no answer within kStall counts as
// failed.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "tests/harness/traffic.h"

namespace sp::test {

class SteadyLoad {
 public:
  struct Plan {
    Place from;
    std::vector<Endpoint> targets;  // taken in turn, by new and long-lived connections alike
    std::size_t long_lived = 0;
    Millis beat{50};         // between two requests of a long-lived connection
    Millis new_interval{5};  // between two new connections
  };

  struct Report {
    std::size_t completed = 0;  // short connections: greeting, request, echo, close
    std::size_t beats = 0;      // answered requests of long-lived connections
    std::size_t reset = 0;
    std::size_t failed = 0;     // anything else that went wrong
    std::size_t farewells = 0;  // long-lived connections that a retiring server has ended; each is opened anew
    std::map<std::string, std::size_t> errors;      // text -> count, resets included
    std::map<std::string, std::size_t> identities;  // of all greetings
    std::set<std::string> long_lived_identities;

    [[nodiscard]] std::string text() const;
  };

  // Longer than the kernel's first SYN retransmissions (1 s, 3 s), so that a lost SYN is a delay and not yet a failure.
  static constexpr Millis kStall{8000};

  // Returns when every long-lived connection has its greeting, or with the error that prevented it.
  [[nodiscard]] static Result<std::unique_ptr<SteadyLoad>> start(const Plan& plan);
  SteadyLoad(const SteadyLoad&) = delete;
  SteadyLoad& operator=(const SteadyLoad&) = delete;
  ~SteadyLoad();

  // Waits for that many more completed connections and, of every long-lived connection, that many more beats;
  // an error at the first connection that breaks.
  [[nodiscard]] Result<void> await_progress(std::size_t completed, std::size_t beats, Millis timeout);

  // Opens no more connections, waits for every answer under way, and reports.
  [[nodiscard]] Report stop();

 private:
  enum class Stage : std::uint8_t { connecting, greeting, idle, echo };
  struct Connection {
    Fd fd;
    bool long_lived = false;
    Stage stage = Stage::connecting;
    Endpoint target;
    std::string received;
    std::size_t beats = 0;
    Clock::time_point since;  // when the present stage began
  };

  explicit SteadyLoad(Plan plan) : plan_(std::move(plan)) {}
  void work();
  void open_connection(bool long_lived, std::size_t beats = 0);
  void advance(int fd);
  bool receive(Connection& connection);
  void take_line(Connection& connection, const std::string& line);
  void send_request(Connection& connection);
  void succeed(int fd);
  void beat();
  void end(int fd, int err, const std::string& stage);
  [[nodiscard]] std::size_t slowest_beats() const;
  [[nodiscard]] bool drained() const;

  Plan plan_;
  Fd epoll_;
  Fd open_timer_;
  Fd beat_timer_;
  std::thread thread_;
  std::size_t next_target_ = 0;
  std::map<int, Connection> connections_;  // the thread's own, except under lock_ for slowest_beats()

  mutable std::mutex lock_;
  std::condition_variable changed_;
  Report report_;            // guarded by lock_
  bool draining_ = false;    // guarded by lock_
  bool finished_ = false;    // guarded by lock_
  std::size_t greeted_ = 0;  // long-lived connections with a greeting; guarded by lock_
};

}  // namespace sp::test
