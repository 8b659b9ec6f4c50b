// SPDX-License-Identifier: Apache-2.0
// ExecPlugin: credentials from a program, run when they are needed and cached until they expire.
//
// Promises: however many ask, one run is under way; runs begin at least a second apart, more after failures: whoever
// asks meanwhile waits; nobody is called after the object is gone.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "loader/access/child.h"
#include "loader/access/exec_credential.h"
#include "loader/access/kubeconfig.h"
#include "loader/http/client.h"
#include "loader/util/event_loop.h"
#include "loader/util/result.h"

namespace sp::access {

class ExecPlugin {
 public:
  struct Options {
    ExecEntry entry = {};
    std::string owner = {};  // "user admin in kubeconfig F", for messages
    std::chrono::milliseconds timeout{30'000};
    std::chrono::milliseconds pause{1'000};  // between two runs; doubled with each failure, up to thirty times
  };
  using Done = std::function<void(Result<ExecCredential>)>;

  [[nodiscard]] static Result<std::unique_ptr<ExecPlugin>> create(EventLoop& loop, Options options);
  ~ExecPlugin();
  ExecPlugin(const ExecPlugin&) = delete;
  ExecPlugin& operator=(const ExecPlugin&) = delete;

  // Calls `done` at once with what is cached, or from the loop. The plugin is told about `server` if it wants to know.
  void get(const http::Server& server, Done done);
  // What is cached is worth nothing.
  void discard() { cached_.reset(); }

 private:
  using Clock = EventLoop::Clock;
  ExecPlugin(EventLoop& loop, Options options) : loop_(loop), options_(std::move(options)) {}
  void run();
  void finish(const Child::Ended& ended);
  void settle(const Result<ExecCredential>& result);
  [[nodiscard]] Error error(const std::string& what) const;
  [[nodiscard]] Error not_started(const Error& cause) const;

  EventLoop& loop_;
  Options options_;
  EventLoop::Timer start_timer_{};
  std::string info_;
  std::unique_ptr<Child> child_;
  std::vector<Done> waiting_;
  std::optional<ExecCredential> cached_;
  Clock::time_point started_at_;
  Clock::time_point not_before_;
  unsigned failures_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sp::access
