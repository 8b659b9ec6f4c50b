// SPDX-License-Identifier: Apache-2.0
#include "loader/proxy/go_duration.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace sp::proxy {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t ns;
};
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                         {"us", 1'000},
                                         {"\u00b5s", 1'000},
                                         {"\u03bcs", 1'000},
                                         {"ms", 1'000'000},
                                         {"s", kSecond},
                                         {"m", 60 * kSecond},
                                         {"h", 3600 * kSecond}}};
constexpr std::uint64_t kMax = INT64_MAX;

// Digits of a fraction past this one are below a nanosecond in every unit.
constexpr std::size_t kFractionDigits = 15;

// "1.5" split at the point. Takes what it reads off `text`.
struct Number {
  std::string_view whole;
  std::string_view fraction;
};

std::string_view take_digits(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view digits = text.substr(0, end);
  text.remove_prefix(end);
  return digits;
}

std::optional<Number> take_number(std::string_view& text) {
  Number number;
  number.whole = take_digits(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    number.fraction = take_digits(text);
  }
  return number.whole.empty() && number.fraction.empty() ? std::nullopt : std::optional(number);
}

const Unit* take_unit(std::string_view& text) {
  // "ms" before "m": the longest name that fits.
  const Unit* best = nullptr;
  for (const Unit& unit : kUnits) {
    if (text.starts_with(unit.name) && (best == nullptr || unit.name.size() > best->name.size())) {
      best = &unit;
    }
  }
  if (best != nullptr) {
    text.remove_prefix(best->name.size());
  }
  return best;
}

std::optional<std::uint64_t> nanoseconds(const Number& number, const Unit& unit) {
  std::uint64_t total = 0;
  for (const char digit : number.whole) {
    if (__builtin_mul_overflow(total, std::uint64_t{10}, &total) ||
        __builtin_add_overflow(total, static_cast<std::uint64_t>(digit - '0'), &total)) {
      return std::nullopt;
    }
  }
  if (__builtin_mul_overflow(total, unit.ns, &total)) {
    return std::nullopt;
  }
  __extension__ unsigned __int128 fraction = 0;
  __extension__ unsigned __int128 scale = 1;
  for (const char digit : number.fraction.substr(0, kFractionDigits)) {
    fraction = fraction * 10 + static_cast<unsigned>(digit - '0');
    scale *= 10;
  }
  const auto rest = static_cast<std::uint64_t>(fraction * unit.ns / scale);
  return __builtin_add_overflow(total, rest, &total) ? std::nullopt : std::optional(total);
}

// `value` thousandths, millionths ... of `ns` without zeros at the end: 1500 of 1000 is "1.5".
std::string decimal(std::uint64_t value, std::uint64_t ns) {
  std::string text = std::to_string(value / ns);
  std::uint64_t rest = value % ns;
  if (rest != 0) {
    text += '.';
    for (std::uint64_t scale = ns / 10; rest != 0; scale /= 10) {
      text += static_cast<char>('0' + rest / scale);
      rest %= scale;
    }
  }
  return text;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) {
    text.remove_prefix(1);
  }
  if (text == "0") {
    return std::chrono::nanoseconds(0);
  }
  if (text.empty()) {
    return std::nullopt;
  }
  std::uint64_t total = 0;
  while (!text.empty()) {
    const auto number = take_number(text);
    const Unit* const unit = number ? take_unit(text) : nullptr;
    const auto part = unit != nullptr ? nanoseconds(*number, *unit) : std::nullopt;
    if (!part || __builtin_add_overflow(total, *part, &total) || total > kMax) {
      return std::nullopt;
    }
  }
  const auto value = static_cast<std::int64_t>(total);
  return std::chrono::nanoseconds(negative ? -value : value);
}

std::string go_duration(std::chrono::nanoseconds span) {
  const bool negative = span.count() < 0;
  const std::uint64_t ns =
      negative ? 0 - static_cast<std::uint64_t>(span.count()) : static_cast<std::uint64_t>(span.count());
  const std::string sign = negative ? "-" : "";
  if (ns == 0) {
    return "0s";
  }
  if (ns < 1'000) {
    return sign + std::to_string(ns) + "ns";
  }
  if (ns < 1'000'000) {
    return sign + decimal(ns, 1'000) + "\u00b5s";
  }
  if (ns < kSecond) {
    return sign + decimal(ns, 1'000'000) + "ms";
  }
  std::string text = sign;
  const std::uint64_t minutes = ns / (60 * kSecond);
  if (minutes >= 60) {
    text += std::to_string(minutes / 60) + "h";
  }
  if (minutes > 0) {
    text += std::to_string(minutes % 60) + "m";
  }
  return text + decimal(ns % (60 * kSecond), kSecond) + "s";
}

}  // namespace sp::proxy
