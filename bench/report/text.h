// SPDX-License-Identifier: Apache-2.0
// Numbers and columns for people, on the terminal and in Markdown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bench/report/results.h"

namespace sp::bench {

// Three or four digits that mean something: "1,070", "292.4", "34.6", "1.07", "0.052", "0.00031"; "–" for no number.
[[nodiscard]] std::string number_text(double number);
// "1.07 (1.05–1.09)": the median and the quartiles with as many decimals, none where all are whole; the median alone
// of one round.
[[nodiscard]] std::string spread_text(const Spread& value);
// "≤ 1.2", "≥ 9", or "" for no bound.
[[nodiscard]] std::string target_text(const Claim& claim);
// "holds", "MISSED", or "" for no bound.
[[nodiscard]] std::string verdict_text(const Claim& claim);

// Places on the terminal; every character counts as one wide.
[[nodiscard]] std::size_t width_of(std::string_view text);

// Rows of cells, printed with the first column to the left and the others to the right, two blanks between them.
class Columns {
 public:
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  // `indent` blanks before each line; no blanks at the ends of lines.
  [[nodiscard]] std::string text(std::size_t indent) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace sp::bench
