// SPDX-License-Identifier: Apache-2.0
#include "loader/kernel/tick.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>

#include "loader/kernel/requirements.h"
#include "loader/util/fd.h"
#include "maps/flow.h"

namespace sp::kernel {
namespace {

// Kernel.hz: 100, 250, 300 and 1000 on x86 and arm64; the others on the rest.
constexpr std::uint32_t kHz[] = {24, 32, 48, 64, 100, 128, 200, 250, 256, 300, 500, 512, 1000, 1024, 1200};
constexpr std::uint32_t kStartSeconds = 300;

constexpr std::uint32_t initial_jiffies(std::uint32_t hz) {
  return 0U - kStartSeconds * hz;
}

}  // namespace

std::optional<std::uint32_t> hz_of(std::uint32_t jiffies, std::uint64_t uptime_ns) {
  const double seconds = static_cast<double>(uptime_ns) / 1e9;
  std::uint32_t best = 0;
  double best_error = 2.0;  // seconds; the next candidate is off by 300 * |1 - ratio of the two| of them and more
  for (const std::uint32_t hz : kHz) {
    const auto expected = static_cast<std::uint32_t>(std::fmod(seconds * hz, 4294967296.0)) + initial_jiffies(hz);
    const double error = std::abs(static_cast<double>(static_cast<std::int32_t>(jiffies - expected))) / hz;
    if (error < best_error) {
      best = hz;
      best_error = error;
    }
  }
  if (best == 0) return std::nullopt;
  return best;
}

Result<std::uint32_t> kernel_hz() {
  const bpf_insn program[] = {
      {.code = BPF_JMP | BPF_CALL, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = BPF_FUNC_jiffies64},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
  };
  const Fd fd(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "sp_jiffies", "GPL", program, std::size(program), nullptr));
  if (!fd.valid()) return explain_privileges(errno_error(errno, "load a BPF program that reads jiffies"));
  const std::uint8_t frame[64] = {};
  LIBBPF_OPTS(bpf_test_run_opts, run);
  run.data_in = frame;
  run.data_size_in = sizeof frame;
  if (const int err = bpf_prog_test_run_opts(fd.get(), &run); err < 0) return errno_error(err, "read jiffies");
  const auto uptime = std::chrono::steady_clock::now().time_since_epoch();
  const auto hz = hz_of(run.retval, static_cast<std::uint64_t>(std::chrono::nanoseconds(uptime).count()));
  if (!hz) return Error{0, fmt::format("cannot tell the kernel's HZ: jiffies are {}", run.retval)};
  return *hz;
}

TickScale tick_scale(std::uint32_t hz) {
  constexpr std::uint64_t kSecondNs = 1'000'000'000;
  return {.base = initial_jiffies(hz), .mult = (kSecondNs << (32 - SP_TICK_SHIFT)) / hz};
}

}  // namespace sp::kernel
