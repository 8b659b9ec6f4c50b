// SPDX-License-Identifier: Apache-2.0
// ProcessSample: the process_* metrics that every Prometheus client exports, from /proc/self.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <filesystem>
#include <vector>

#include "loader/util/result.h"

namespace sp::metrics {

struct ProcessSample {
  double cpu_seconds = 0;
  double start_time_seconds = 0;  // since the epoch
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
};

// `proc` is where procfs is mounted.
[[nodiscard]] Result<ProcessSample> take_process_sample(const std::filesystem::path& proc = "/proc");

[[nodiscard]] std::vector<prometheus::MetricFamily> to_families(const ProcessSample& sample);

}  // namespace sp::metrics
