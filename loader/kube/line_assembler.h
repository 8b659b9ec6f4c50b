// SPDX-License-Identifier: Apache-2.0
// LineAssembler: lines out of chunks that end anywhere. Holds one line at most. No I/O.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "loader/util/result.h"

namespace sp::kube {

class LineAssembler {
 public:
  // Takes a line without its end, which it may grow; an error ends the work on the chunk.
  using Take = std::function<Result<void>(std::string&)>;

  // A line that is longer than `max_bytes` is an error.
  explicit LineAssembler(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // Calls `take` for every line that `chunk` completes, blank ones excepted.
  [[nodiscard]] Result<void> feed(std::string_view chunk, const Take& take);
  [[nodiscard]] bool in_line() const { return !line_.empty(); }

 private:
  std::size_t max_bytes_;
  std::string line_;
};

}  // namespace sp::kube
