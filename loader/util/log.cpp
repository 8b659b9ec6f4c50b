// SPDX-License-Identifier: Apache-2.0
// The one place that knows spdlog's sinks and patterns.
#include "loader/util/log.h"

#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <memory>

namespace sp::log {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      break;
  }
  return spdlog::level::err;
}

}  // namespace

std::optional<Level> parse_level(std::string_view text) {
  if (text == "debug") return Level::debug;
  if (text == "info") return Level::info;
  if (text == "warn" || text == "warning") return Level::warn;
  if (text == "error") return Level::error;
  return std::nullopt;
}

void init(Level lowest) {
  auto logger = std::make_shared<spdlog::logger>("sallyport", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%l %Y-%m-%dT%H:%M:%S.%e%z %v");
  logger->set_level(to_spdlog(lowest));
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

bool enabled(Level level) {
  return spdlog::should_log(to_spdlog(level));
}

void write(Level level, std::string_view component, std::string_view message) {
  spdlog::log(to_spdlog(level), "{}: {}", component, escape_controls(message));
}

std::string escape_controls(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      escaped += "\\n";
    } else if (c == '\t') {
      escaped += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      escaped += fmt::format("\\x{:02x}", byte);
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::optional<std::uint64_t> Repeats::admit(std::string_view key, Clock::time_point now) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    if (entries_.size() >= kMaxKeys) forget_oldest();
    entries_.emplace(key, Entry{now, 0});
    return 0;
  }
  Entry& entry = found->second;
  if (now - entry.last_admitted < interval_) {
    ++entry.held_back;
    return std::nullopt;
  }
  entry.last_admitted = now;
  return std::exchange(entry.held_back, 0);
}

void Repeats::forget_oldest() {
  entries_.erase(std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
    return a.second.last_admitted < b.second.last_admitted;
  }));
}

}  // namespace sp::log
