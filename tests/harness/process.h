// SPDX-License-Identifier: Apache-2.0
// Process: a child that a test starts in a network namespace, whose output lines can be awaited, and that is reaped.
//
// Promises: the child dies with the test (PDEATHSIG) and with the object (SIGKILL, reaped); output is read all the
// time, so a chatty child never blocks. Start it from a thread that outlives it. Waiting is by events, each with a
// timeout.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "loader/util/result.h"

namespace sp::test {

using Millis = std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

class Process {
 public:
  struct Options {
    std::vector<std::string> argv;
    std::string netns = {};       // empty: the caller's
    std::string cgroup_dir = {};  // empty: the caller's; else a cgroup directory that the child joins before it starts
  };

  struct Line {
    std::string text;
    Clock::time_point at;  // when the test read it
  };

  // Starts argv[0] (looked up in PATH) with standard output and standard error captured, standard input empty.
  [[nodiscard]] static Result<Process> spawn(const Options& options);

  Process(Process&&) noexcept;
  Process& operator=(Process&&) noexcept;
  ~Process();

  [[nodiscard]] pid_t pid() const;
  // Lines read so far; a bookmark for await_line.
  [[nodiscard]] std::size_t line_count() const;
  [[nodiscard]] std::vector<std::string> lines() const;
  // The last `count` lines, each indented, for failure messages.
  [[nodiscard]] std::string tail(std::size_t count) const;

  // The first line at or after `from` that contains every one of `parts`; an error when the time is up or the child's
  // output ends without one.
  [[nodiscard]] Result<Line> await_line(std::size_t from, const std::vector<std::string>& parts, Millis timeout) const;

  [[nodiscard]] Result<void> signal(int number) const;
  // Wait status as exit code, 128 + signal for a killed child.
  [[nodiscard]] Result<int> await_exit(Millis timeout);

 private:
  struct State;
  explicit Process(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct Output {
  int exit_code = 0;
  std::string text;  // standard output and standard error, in the order of arrival
};

// Runs a command to its end. A non-zero exit code is no error here.
[[nodiscard]] Result<Output> run(const Process::Options& options, Millis timeout);

}  // namespace sp::test
