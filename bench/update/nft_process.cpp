// SPDX-License-Identifier: Apache-2.0
// A traced child: it is held once when it has become nft, where the clock starts, and once when it ends, where its
// memory can still be read. (ru_maxrss would tell of this process, which the child was before.)
#include "bench/update/nft_process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "bench/update/process_usage.h"
#include "loader/util/fd.h"
#include "tests/harness/netns.h"

namespace sp::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCannotStart = 127;
// Of nft's addresses: a machine that swaps measures nothing.
constexpr rlim_t kMostBytes = rlim_t{6} << 30;
constexpr double kNearlyAllMb = 0.8 * 6 * 1024;

// System calls only: the parent has threads.
[[noreturn]] void become_nft(int netns, const char* file, rlim_t cpu_seconds) {
  const rlimit limit{cpu_seconds, cpu_seconds + 5};
  const rlimit memory{kMostBytes, kMostBytes};
  const int null = ::open("/dev/null", O_RDWR);
  if (::setns(netns, CLONE_NEWNET) != 0 || ::setrlimit(RLIMIT_CPU, &limit) != 0 ||
      ::setrlimit(RLIMIT_AS, &memory) != 0 || ::dup2(null, 0) < 0 || ::dup2(null, 1) < 0 ||
      ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) {
    ::_exit(kCannotStart);
  }
  ::execlp("nft", "nft", "-f", file, nullptr);
  ::_exit(kCannotStart);
}

double ms_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
}

// Follows the child to its end.
int await_end(pid_t pid, NftCost& cost, rusage& used) {
  Clock::time_point began{};
  int status = 0;
  while (::wait4(pid, &status, 0, &used) == pid && WIFSTOPPED(status)) {
    int pass_on = 0;
    if (began == Clock::time_point{}) {
      ::ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
      began = Clock::now();
    } else if (status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXIT << 8))) {
      cost.wall_ms = std::chrono::duration<double, std::milli>(Clock::now() - began).count();
      cost.peak_mb = peak_mb_of(pid);
    } else {
      pass_on = WSTOPSIG(status);
    }
    ::ptrace(PTRACE_CONT, pid, nullptr, pass_on);
  }
  return status;
}

}  // namespace

Result<NftCost> run_nft(const std::string& netns, const std::filesystem::path& file, std::chrono::seconds cpu_limit) {
  const std::string name = test::netns_file(netns);
  const Fd inside(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!inside.valid()) return errno_error(errno, name + ": open");
  const pid_t pid = ::fork();
  if (pid < 0) return errno_error(errno, "nft: fork");
  if (pid == 0) become_nft(inside.get(), file.c_str(), static_cast<rlim_t>(cpu_limit.count()));
  NftCost cost;
  rusage used{};
  const int status = await_end(pid, cost, used);
  cost.cpu_ms = ms_of(used.ru_utime) + ms_of(used.ru_stime);
  if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL)) {
    return Error{ETIMEDOUT, "nft -f: not done after " + std::to_string(cpu_limit.count()) + " s of CPU"};
  }
  const bool has_failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
  if (has_failed && cost.peak_mb > kNearlyAllMb) {
    return Error{ETIMEDOUT, "nft -f: takes more than 6 GB of memory"};
  }
  if (has_failed) {
    return Error{0, "nft -f " + file.string() + ": failed with status " + std::to_string(status)};
  }
  return cost;
}

}  // namespace sp::bench
