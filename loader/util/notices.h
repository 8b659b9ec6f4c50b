// SPDX-License-Identifier: Apache-2.0
// Notices: things that are wrong for a while. Each is logged once when it begins and once when it is over, however
// often it is found in between.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "loader/util/log.h"

namespace sp {

class Notices {
 public:
  // `component` must be a literal.
  Notices(log::Level level, const char* component) : level_(level), component_(component) {}

  // `current` is everything that is wrong now. At most kMaxLines lines of each sort are printed, then their number: ten
  // thousand rows that do not fit have one cause.
  void update(std::vector<std::string> current);
  [[nodiscard]] bool empty() const { return current_.empty(); }

  static constexpr std::size_t kMaxLines = 50;

 private:
  void print(log::Level level, const std::string& prefix, const std::vector<std::string>& lines) const;

  log::Level level_;
  const char* component_;
  std::set<std::string> current_;
};

}  // namespace sp
