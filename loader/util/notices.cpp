// SPDX-License-Identifier: Apache-2.0
#include "loader/util/notices.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sp {

void Notices::update(std::vector<std::string> current) {
  std::set<std::string> next(std::make_move_iterator(current.begin()), std::make_move_iterator(current.end()));
  std::vector<std::string> begun;
  std::vector<std::string> over;
  std::set_difference(next.begin(), next.end(), current_.begin(), current_.end(), std::back_inserter(begun));
  std::set_difference(current_.begin(), current_.end(), next.begin(), next.end(), std::back_inserter(over));
  print(level_, "", begun);
  print(log::Level::info, "resolved: ", over);
  current_ = std::move(next);
}

void Notices::print(log::Level level, const std::string& prefix, const std::vector<std::string>& lines) const {
  if (!log::enabled(level)) {
    return;
  }
  for (std::size_t i = 0; i < std::min(lines.size(), kMaxLines); ++i) {
    log::write(level, component_, prefix + lines[i]);
  }
  if (lines.size() > kMaxLines) {
    log::write(level, component_, prefix + std::to_string(lines.size() - kMaxLines) + " more lines of this sort");
  }
}

}  // namespace sp
