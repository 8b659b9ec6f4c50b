// SPDX-License-Identifier: Apache-2.0
#include "bench/node/cpu_time.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace sp::bench {

namespace {

double clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// True when the kernel says that it does not, or says nothing: most do not.
bool threads_have_softirqs() {
  return std::system(  // NOLINT(concurrency-mt-unsafe): before any thread
             "zcat -f /proc/config.gz \"/boot/config-$(uname -r)\" 2>/dev/null |"
             " grep -q '^CONFIG_IRQ_TIME_ACCOUNTING=y'") != 0;
}

Fd open_schedstat(const std::string& comm) {
  for (const auto& process : std::filesystem::directory_iterator("/proc")) {
    std::string name;
    std::ifstream(process.path() / "comm") >> name;
    if (name == comm) return Fd(::open((process.path() / "schedstat").c_str(), O_RDONLY | O_CLOEXEC));
  }
  return {};
}

}  // namespace

CpuTime::CpuTime() {
  const int cpu = ::sched_getcpu();
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(static_cast<std::size_t>(cpu), &cpus);
  if (::sched_setaffinity(0, sizeof cpus, &cpus) != 0) throw std::runtime_error("sched_setaffinity");
  if (threads_have_softirqs()) ksoftirqd_ = open_schedstat("ksoftirqd/" + std::to_string(cpu));
}

double CpuTime::now_ns() const {
  if (!ksoftirqd_.valid()) return clock_ns(CLOCK_MONOTONIC);
  std::array<char, 128> text{};
  if (::pread(ksoftirqd_.get(), text.data(), text.size() - 1, 0) <= 0) throw std::runtime_error("ksoftirqd: schedstat");
  return clock_ns(CLOCK_THREAD_CPUTIME_ID) + std::strtod(text.data(), nullptr);
}

std::string CpuTime::method() const {
  return ksoftirqd_.valid() ? "time of the injecting thread, softirqs included, and of ksoftirqd on its CPU"
                            : "time on the wall: this kernel keeps softirqs out of a thread's time";
}

}  // namespace sp::bench
