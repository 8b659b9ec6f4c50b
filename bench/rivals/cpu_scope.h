// SPDX-License-Identifier: Apache-2.0
// CpuScope: the calling thread on one CPU alone for as long as the object lives. Where that is refused, it stays where
// it is: a benchmark is noisier then and not wrong.
#pragma once

#include <sched.h>

namespace sp::bench {

class CpuScope {
 public:
  explicit CpuScope(unsigned cpu) {
    ::sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    ::sched_setaffinity(0, sizeof one, &one);
  }
  CpuScope(const CpuScope&) = delete;
  CpuScope& operator=(const CpuScope&) = delete;
  ~CpuScope() { ::sched_setaffinity(0, sizeof before_, &before_); }

 private:
  cpu_set_t before_{};
};

}  // namespace sp::bench
