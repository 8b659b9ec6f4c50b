// SPDX-License-Identifier: Apache-2.0
// Addresses, times and labels.
#include "loader/source/field_types.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace sp::source {
namespace {

bool is_multicast(const Ip& ip) {
  static const auto kRangeV4 = Prefix::parse("224.0.0.0/4");
  static const auto kRangeV6 = Prefix::parse("ff00::/8");
  return kRangeV4->contains(ip) || kRangeV6->contains(ip);
}

// Takes ".5" off the front of `text`; digits beyond nanoseconds don't count.
std::chrono::nanoseconds take_fraction(std::string_view& text) {
  std::chrono::nanoseconds fraction{0};
  if (!text.starts_with('.')) {
    return fraction;
  }
  text.remove_prefix(1);
  for (std::int64_t weight = 100'000'000; !text.empty() && text.front() >= '0' && text.front() <= '9'; weight /= 10) {
    fraction += std::chrono::nanoseconds((text.front() - '0') * weight);
    text.remove_prefix(1);
  }
  return fraction;
}

// "Z" or "+02:00" as what the clock there is ahead of UTC.
std::optional<std::chrono::seconds> parse_zone(std::string_view text) {
  if (text == "Z") {
    return std::chrono::seconds(0);
  }
  char sign = 0;
  int hours = 0;
  int minutes = 0;
  const std::string offset(text);
  if (std::sscanf(offset.c_str(), "%c%2d:%2d", &sign, &hours, &minutes) != 3 || (sign != '+' && sign != '-')) {
    return std::nullopt;
  }
  const std::chrono::seconds ahead((hours * 60 + minutes) * 60);
  return sign == '-' ? -ahead : ahead;
}

}  // namespace

bool is_routable(const Ip& ip) {
  return !ip.is_unspecified() && !ip.is_loopback() && !ip.is_link_local() && !is_multicast(ip);
}

model::Labels read_labels(const Field& field) {
  model::Labels labels;
  for (const std::string& key : field.keys()) {
    labels.emplace(key, read_string(field[key]));
  }
  return labels;
}

std::optional<std::chrono::system_clock::time_point> parse_time(std::string_view text) {
  const std::string copy(text);
  std::tm utc{};
  int used = 0;
  const int found = std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
                                &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &used);
  if (found != 6) {
    return std::nullopt;
  }
  std::string_view rest = std::string_view(copy).substr(static_cast<std::size_t>(used));
  const std::chrono::nanoseconds fraction = take_fraction(rest);
  const auto ahead = parse_zone(rest);
  if (!ahead) {
    return std::nullopt;
  }
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  // A year of four digits does not reach the ends of a 64-bit number of nanoseconds unless it is far from ours.
  constexpr std::int64_t kMaxSeconds = 9'000'000'000;
  const std::int64_t seconds = timegm(&utc) - ahead->count();
  if (seconds > kMaxSeconds || seconds < -kMaxSeconds) {
    return std::nullopt;
  }
  return std::chrono::system_clock::time_point(std::chrono::seconds(seconds) + fraction);
}

std::string_view to_string(Family family) {
  return family == Family::v4 ? "IPv4" : "IPv6";
}

}  // namespace sp::source
