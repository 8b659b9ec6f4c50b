// SPDX-License-Identifier: Apache-2.0
// Child: a program that runs beside the event loop, without a shell and without a terminal.
//
// Promises: nothing blocks; a child that takes too long or says too much is killed with its whole process group, and
// so is one whose Child is destroyed; it inherits no descriptor of ours and no blocked signal.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "loader/util/event_loop.h"
#include "loader/util/fd.h"
#include "loader/util/result.h"

namespace sp::access {

class Child {
 public:
  struct Command {
    std::vector<std::string> words;        // the program (looked up in PATH when without a slash) and its arguments
    std::vector<std::string> environment;  // "NAME=value", all of it
    std::chrono::milliseconds timeout;
  };
  enum class Outcome : std::uint8_t { exited, timed_out, too_much };
  struct Ended {
    Outcome outcome;
    int exit_code;  // 128 + signal if killed
    std::string output;
    std::string errors;  // what it wrote to standard error
  };
  // Called once, from the loop; may destroy the Child.
  using Done = std::function<void(const Ended&)>;

  // The error's err is ENOENT when there is no such program.
  [[nodiscard]] static Result<std::unique_ptr<Child>> start(EventLoop& loop, const Command& command, Done done);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

 private:
  struct Stream {
    Fd fd;
    std::string text;
  };
  Child(EventLoop& loop, Done done) : loop_(loop), done_(std::move(done)) {}
  [[nodiscard]] Result<void> spawn(const Command& command);
  [[nodiscard]] Result<void> watch(std::chrono::milliseconds timeout);
  void drain(Stream& stream);
  void kill(Outcome why);
  void end_process() const;
  void finish();
  void forget();

  EventLoop& loop_;
  Done done_;
  pid_t pid_ = -1;  // -1: none, or reaped
  Fd process_;
  Stream output_;
  Stream errors_;
  EventLoop::Timer timeout_{};
  bool has_timer_ = false;
  Outcome outcome_ = Outcome::exited;
};

}  // namespace sp::access
