// SPDX-License-Identifier: Apache-2.0
#include "loader/metrics/process_sample.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "loader/metrics/sample_families.h"

namespace sp::metrics {
namespace {

namespace fs = std::filesystem;

Result<std::string> read_text(const fs::path& path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file && text.empty()) {
    return errno_error(errno, "read " + path.string());
  }
  return text;
}

// Fields of proc_pid_stat(5) by their numbers there; the second, in brackets, may itself hold blanks and brackets.
Result<std::vector<std::string>> stat_fields(const fs::path& path) {
  SP_TRY_ASSIGN(text, read_text(path));
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos) {
    return Error{0, "read " + path.string() + ": no command in brackets"};
  }
  std::istringstream rest(text.substr(end + 1));
  std::vector<std::string> fields{"", "", ""};
  fields.insert(fields.end(), std::istream_iterator<std::string>(rest), {});
  if (fields.size() < 25) {
    return Error{0, "read " + path.string() + ": too few fields"};
  }
  return fields;
}

Result<double> boot_time(const fs::path& path) {
  SP_TRY_ASSIGN(text, read_text(path));
  const std::size_t at = text.find("\nbtime ");
  if (at == std::string::npos) {
    return Error{0, "read " + path.string() + ": no btime"};
  }
  return std::strtod(text.c_str() + at + 7, nullptr);
}

std::uint64_t count_entries(const fs::path& directory) {
  std::error_code error;
  std::uint64_t entries = 0;
  for (fs::directory_iterator it(directory, error); !error && it != fs::directory_iterator(); it.increment(error)) {
    ++entries;
  }
  return entries;
}

}  // namespace

Result<ProcessSample> take_process_sample(const fs::path& proc) {
  SP_TRY_ASSIGN(fields, stat_fields(proc / "self/stat"));
  SP_TRY_ASSIGN(booted, boot_time(proc / "stat"));
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto number = [&fields](std::size_t field) { return std::strtoull(fields[field].c_str(), nullptr, 10); };
  ProcessSample sample;
  sample.cpu_seconds = static_cast<double>(number(14) + number(15)) / ticks;
  sample.start_time_seconds = booted + static_cast<double>(number(22)) / ticks;
  sample.virtual_bytes = number(23);
  sample.resident_bytes = number(24) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  sample.open_fds = count_entries(proc / "self/fd");
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    sample.max_fds = limit.rlim_cur;
  }
  return sample;
}

std::vector<prometheus::MetricFamily> to_families(const ProcessSample& sample) {
  std::vector<prometheus::MetricFamily> families{
      counter_family("process_cpu_seconds_total", "User and system CPU time, in seconds."),
      gauge_family("process_start_time_seconds", "When the process started, in seconds since the epoch."),
      gauge_family("process_resident_memory_bytes", "Resident memory, in bytes."),
      gauge_family("process_virtual_memory_bytes", "Virtual memory, in bytes."),
      gauge_family("process_open_fds", "Open file descriptors."),
      gauge_family("process_max_fds", "Limit of open file descriptors."),
  };
  add_value(families[0], sample.cpu_seconds);
  add_value(families[1], sample.start_time_seconds);
  add_value(families[2], static_cast<double>(sample.resident_bytes));
  add_value(families[3], static_cast<double>(sample.virtual_bytes));
  add_value(families[4], static_cast<double>(sample.open_fds));
  add_value(families[5], static_cast<double>(sample.max_fds));
  return families;
}

}  // namespace sp::metrics
