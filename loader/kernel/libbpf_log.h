// SPDX-License-Identifier: Apache-2.0
// LibbpfLog: what libbpf prints goes to our debug log; while an object lives, this thread's warnings are kept too.
#pragma once

#include <deque>
#include <string>

namespace sp::kernel {

// Routes libbpf's printer to the debug log. Idempotent, any thread.
void route_libbpf_log();

class LibbpfLog {
 public:
  LibbpfLog();
  ~LibbpfLog();
  LibbpfLog(const LibbpfLog&) = delete;
  LibbpfLog& operator=(const LibbpfLog&) = delete;

  // The last lines of the warnings, the end of a verifier log among them, joined by " | ".
  [[nodiscard]] std::string last_warnings() const;

  void add_line(std::string line);

 private:
  LibbpfLog* previous_;
  std::deque<std::string> lines_;
};

}  // namespace sp::kernel
