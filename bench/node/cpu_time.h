// SPDX-License-Identifier: Apache-2.0
// CpuTime: what packets cost a CPU: the time of the thread that injects them, which runs their softirqs, too, and that
// of the CPU's ksoftirqd, to which the kernel moves softirqs that pile up.
//
// Promises: on a kernel that keeps softirqs out of a thread's time (CONFIG_IRQ_TIME_ACCOUNTING), it is a clock on the
// wall instead. Else what other processes do on the CPU meanwhile does not count.
#pragma once

#include <string>

#include "loader/util/fd.h"

namespace sp::bench {

class CpuTime {
 public:
  // Pins the calling thread to the CPU that it runs on. Throws std::runtime_error.
  CpuTime();

  [[nodiscard]] double now_ns() const;
  // For the report.
  [[nodiscard]] std::string method() const;

 private:
  Fd ksoftirqd_;  // its schedstat; none: the wall
};

}  // namespace sp::bench
