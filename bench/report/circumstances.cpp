// SPDX-License-Identifier: Apache-2.0
// The machine as /proc, /sys and uname tell it.
#include "bench/report/circumstances.h"

#include <sched.h>
#include <sys/utsname.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>

namespace sp::bench {

namespace {

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The value of the first "key : value" of /proc/cpuinfo; "" where there is none, as on some architectures.
std::string cpuinfo(const std::string& key) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const auto colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "";
}

std::string virtualisation() {
  if ((" " + cpuinfo("flags") + " ").find(" hypervisor ") == std::string::npos) return "none";
  const std::string vendor = first_line("/sys/class/dmi/id/sys_vendor");
  const std::string product = first_line("/sys/class/dmi/id/product_name");
  if (vendor.empty() && product.empty()) return "hypervisor";
  return "hypervisor (" + vendor + (vendor.empty() || product.empty() ? "" : " ") + product + ")";
}

unsigned usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 0;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%FT%TZ", &utc);
  return text;
}

}  // namespace

double load_now() {
  return std::strtod(first_line("/proc/loadavg").c_str(), nullptr);
}

Circumstances present_circumstances() {
  utsname system{};
  ::uname(&system);
  Circumstances machine;
  machine.cpu = cpuinfo("model name");
  if (machine.cpu.empty()) machine.cpu = "unknown CPU";
  machine.cores = usable_cores();
  machine.kernel = std::string(system.release) + " " + system.machine;
  machine.virtualisation = virtualisation();
  machine.date = utc_now();
  machine.load_at_start = machine.load_at_end = load_now();
  return machine;
}

std::string machine_line(const Circumstances& machine) {
  return machine.cpu + ", " + std::to_string(machine.cores) + (machine.cores == 1 ? " core, " : " cores, ") +
         (machine.virtualisation == "none" ? "bare metal" : "virtual machine") + ", kernel " + machine.kernel;
}

std::string load_text(const Circumstances& machine) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f at the start, %.1f at the end", machine.load_at_start, machine.load_at_end);
  return text;
}

}  // namespace sp::bench
