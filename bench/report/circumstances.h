// SPDX-License-Identifier: Apache-2.0
// Circumstances: where and when figures were measured. A figure without it says nothing.
#pragma once

#include <string>

namespace sp::bench {

struct Circumstances {
  std::string cpu;             // as the kernel names the model
  unsigned cores = 0;          // that this process may run on
  std::string kernel;          // release and architecture: "6.12.9 x86_64"
  std::string virtualisation;  // "none", or "hypervisor" with the product's name where firmware tells it
  std::string date;            // UTC: "2026-11-23T16:00:00Z"
  // Load averages of the last minute. A benchmark brings its own load, so the one at the end is more than 0 by rights.
  double load_at_start = 0;
  double load_at_end = 0;
};

// This one, now; load_at_end is that of the start until somebody asks load_now() again.
[[nodiscard]] Circumstances present_circumstances();
[[nodiscard]] double load_now();

// "AMD EPYC, 2 cores, virtual machine, kernel 6.12.9 x86_64"
[[nodiscard]] std::string machine_line(const Circumstances& machine);

// "0.1 at the start, 1.2 at the end"
[[nodiscard]] std::string load_text(const Circumstances& machine);

}  // namespace sp::bench
