// SPDX-License-Identifier: Apache-2.0
#include "bench/report/text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace sp::bench {

namespace {

// Commas between thousands, before the point.
std::string grouped(std::string_view digits) {
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  const std::size_t point = std::min(digits.find('.'), digits.size());
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > first && i < point && (point - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string with_decimals(double number, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, number);
  return grouped(text);
}

// Of a number of this size; -1 where it takes an exponent or is none.
int decimals_for(double number) {
  const double size = std::fabs(number);
  if (!std::isfinite(number) || (size > 0 && size < 0.01)) return -1;
  if (size == 0 || size >= 999.95) return 0;
  if (size >= 9.995) return 1;
  return size >= 0.9995 ? 2 : 3;
}

std::string text_with(double number, int decimals) {
  if (!std::isfinite(number)) return "–";
  if (decimals >= 0) return with_decimals(number, decimals);
  char text[32];
  std::snprintf(text, sizeof text, "%.2g", number);
  return text;
}

}  // namespace

std::string number_text(double number) {
  return text_with(number, decimals_for(number));
}

std::string spread_text(const Spread& value) {
  if (value.rounds <= 1) return number_text(value.median);
  // Of a median of zero, the upper quartile says how fine the figure is. What is counted has no decimals.
  const bool is_count =
      value.median == std::floor(value.median) && value.q1 == std::floor(value.q1) && value.q3 == std::floor(value.q3);
  const int decimals = is_count ? 0 : decimals_for(value.median == 0 ? value.q3 : value.median);
  return text_with(value.median, decimals) + " (" + text_with(value.q1, decimals) + "–" +
         text_with(value.q3, decimals) + ")";
}

std::string target_text(const Claim& claim) {
  if (claim.bound == Bound::none) return "";
  std::string limit = number_text(claim.limit);
  if (limit.find('.') != std::string::npos && limit.find('e') == std::string::npos) {
    limit.erase(limit.find_last_not_of('0') + 1);
    if (limit.ends_with('.')) limit.pop_back();
  }
  return (claim.bound == Bound::at_most ? "≤ " : "≥ ") + limit;
}

std::string verdict_text(const Claim& claim) {
  if (claim.bound == Bound::none) return "";
  return holds(claim) ? "holds" : "MISSED";
}

std::size_t width_of(std::string_view text) {
  // All bytes of a UTF-8 character but the first are 10xxxxxx.
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) >> 6) != 2; }));
}

std::string Columns::text(std::size_t indent) const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line(indent, ' ');
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string fill(widths[i] - width_of(row[i]), ' ');
      line += i == 0 ? row[i] + fill : "  " + fill + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

}  // namespace sp::bench
