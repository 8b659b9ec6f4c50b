// SPDX-License-Identifier: Apache-2.0
// Logging: one line on stderr, `level time component: message key=value`.
//
// Promises: a line is one line whatever its arguments contain (control characters are escaped); any thread may log.
// Levels say who must act: error = the operator now, warn = the operator later, info = a change of state, debug = us.
#pragma once

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "loader/util/result.h"

namespace sp::log {

enum class Level : std::uint8_t { debug, info, warn, error };

[[nodiscard]] std::optional<Level> parse_level(std::string_view text);

// Sets the format and the lowest level that is printed. Call once, before other threads exist.
void init(Level lowest);
[[nodiscard]] bool enabled(Level level);

// Prints one finished message.
void write(Level level, std::string_view component, std::string_view message);
// `text` with control characters as \n, \t or \xNN.
[[nodiscard]] std::string escape_controls(std::string_view text);

template <typename... Args>
void debug(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::debug)) write(Level::debug, component, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void info(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::info)) write(Level::info, component, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warn(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::warn)) write(Level::warn, component, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void error(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::error)) write(Level::error, component, fmt::format(format, std::forward<Args>(args)...));
}

// Repeats: lets a message through once an interval, and says how many were held back since. Messages are told apart
// by key; at most kMaxKeys keys are remembered, the oldest go first. Not thread-safe.
class Repeats {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMaxKeys = 1024;

  explicit Repeats(Clock::duration interval) : interval_(interval) {}

  // The number of messages with this key that were held back since the last one that was let through; nothing when
  // this one is to be held back too.
  [[nodiscard]] std::optional<std::uint64_t> admit(std::string_view key, Clock::time_point now);

 private:
  struct Entry {
    Clock::time_point last_admitted;
    std::uint64_t held_back = 0;
  };
  void forget_oldest();

  Clock::duration interval_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace sp::log
