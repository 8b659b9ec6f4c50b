// SPDX-License-Identifier: Apache-2.0
// libbpf's printer.
#include "loader/kernel/libbpf_log.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include "loader/util/log.h"

namespace sp::kernel {
namespace {

// A verifier log ends with the offending instruction, the reason and some statistics.
constexpr std::size_t kKeptLines = 12;

thread_local LibbpfLog* collector = nullptr;

void take_line(libbpf_print_level level, std::string_view line) {
  const std::size_t end = line.find_last_not_of(" \r\n");
  if (end == std::string_view::npos) return;
  line = line.substr(0, end + 1);
  log::debug("libbpf", "{}", line);
  if (level == LIBBPF_WARN && collector != nullptr) collector->add_line(std::string(line));
}

int print(libbpf_print_level level, const char* format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  const int length = std::vsnprintf(nullptr, 0, format, arguments);
  std::vector<char> text(static_cast<std::size_t>(length < 0 ? 0 : length) + 1);
  std::vsnprintf(text.data(), text.size(), format, again);
  va_end(again);
  std::string_view rest(text.data());
  while (!rest.empty()) {
    const std::size_t newline = rest.find('\n');
    take_line(level, rest.substr(0, newline));
    rest = newline == std::string_view::npos ? std::string_view{} : rest.substr(newline + 1);
  }
  return 0;
}

}  // namespace

void route_libbpf_log() {
  libbpf_set_print(print);
}

LibbpfLog::LibbpfLog() : previous_(std::exchange(collector, this)) {
  route_libbpf_log();
}

LibbpfLog::~LibbpfLog() {
  collector = previous_;
}

void LibbpfLog::add_line(std::string line) {
  if (lines_.size() == kKeptLines) lines_.pop_front();
  lines_.push_back(std::move(line));
}

std::string LibbpfLog::last_warnings() const {
  std::string joined;
  for (const std::string& line : lines_) joined += (joined.empty() ? "" : " | ") + line;
  return joined;
}

}  // namespace sp::kernel
