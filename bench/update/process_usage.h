// SPDX-License-Identifier: Apache-2.0
// Usage: what a running process has used so far, as the kernel counts it.
#pragma once

#include <sys/types.h>

namespace sp::bench {

struct Usage {
  double cpu_ms = 0;       // of its first thread: the agent has one that works
  double resident_mb = 0;  // VmRSS
  double maps_mb = 0;      // of it, rows of BPF maps that it has mapped
};

// CPU alone, which is read in microseconds.
[[nodiscard]] double cpu_ms_of(pid_t pid);
[[nodiscard]] Usage usage_of(pid_t pid);
// The most that was ever resident (VmHWM); 0 if the process is gone.
[[nodiscard]] double peak_mb_of(pid_t pid);

}  // namespace sp::bench
