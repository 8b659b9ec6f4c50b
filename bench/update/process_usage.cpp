// SPDX-License-Identifier: Apache-2.0
#include "bench/update/process_usage.h"

#include <cstdlib>
#include <fstream>
#include <string>

namespace sp::bench {
namespace {

constexpr double kKbPerMb = 1024;

std::string file_of(pid_t pid, const char* name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

// In MB; a line of the file is "VmRSS:     12345 kB".
double status_mb(pid_t pid, const std::string& field) {
  std::ifstream status(file_of(pid, "status"));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::atof(line.c_str() + field.size()) / kKbPerMb;
  }
  return 0;
}

// A mapping's first line begins with its addresses, "7f3a…-7f3b… rw-s …"; lines about it are "Name: value kB".
double mapped_rows_mb(pid_t pid) {
  std::ifstream smaps(file_of(pid, "smaps"));
  double mb = 0;
  bool is_map = false;
  for (std::string line; std::getline(smaps, line);) {
    const std::size_t colon = line.find(':');
    if (line.find('-') < line.find(' ')) {
      is_map = line.find("anon_inode:bpf-map") != std::string::npos;
    } else if (is_map && line.starts_with("Rss:")) {
      mb += std::atof(line.c_str() + colon + 1) / kKbPerMb;
    }
  }
  return mb;
}

}  // namespace

double cpu_ms_of(pid_t pid) {
  double run_ns = 0;
  std::ifstream(file_of(pid, "schedstat")) >> run_ns;
  return run_ns / 1e6;
}

Usage usage_of(pid_t pid) {
  return {cpu_ms_of(pid), status_mb(pid, "VmRSS:"), mapped_rows_mb(pid)};
}

double peak_mb_of(pid_t pid) {
  return status_mb(pid, "VmHWM:");
}

}  // namespace sp::bench
