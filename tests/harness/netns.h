// SPDX-License-Identifier: Apache-2.0
// NetnsScope: the calling thread inside a named network namespace (/run/netns/NAME) for as long as the object lives.
//
// Promises: only the calling thread moves, and it moves back when the object dies; sockets opened inside stay inside.
// Create and destroy it on the same thread, innermost first.
#pragma once

#include <string>

#include "loader/util/fd.h"
#include "loader/util/result.h"

namespace sp::test {

class NetnsScope {
 public:
  // An empty name stays where the thread is.
  [[nodiscard]] static Result<NetnsScope> enter(const std::string& name);

  NetnsScope(NetnsScope&&) noexcept = default;
  NetnsScope& operator=(NetnsScope&&) = delete;
  ~NetnsScope();

 private:
  NetnsScope() = default;
  Fd home_;
};

// The file that setns() and nsenter --net= take.
[[nodiscard]] std::string netns_file(const std::string& name);

}  // namespace sp::test
