// SPDX-License-Identifier: Apache-2.0
// HeadReader: from header lines to the Head of the final answer. Pure.
#pragma once

#include <string>
#include <string_view>

#include "loader/http/client.h"

namespace sp::http {

class HeadReader {
 public:
  // Takes one line, with or without its end. True when it ended the head of the final answer: interim answers (1xx)
  // come first, trailers after it, and neither counts.
  [[nodiscard]] bool take(std::string_view line);
  [[nodiscard]] const Head& head() const { return head_; }
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  void take_field(std::string_view name, std::string_view value);
  void settle_retry_after();

  Head head_;
  std::string retry_after_;
  bool complete_ = false;
};

}  // namespace sp::http
