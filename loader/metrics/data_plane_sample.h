// SPDX-License-Identifier: Apache-2.0
// DataPlaneSample: what the maps of the packet path say at one moment, and its metric families. The sample is taken
// when somebody scrapes, never on a timer.
//
// Promises: to_families() is pure; labels are bounded: reasons, tables, families and devices, and of services those
// whose id is at most the cap, the rest in one sum.
#pragma once

#include <prometheus/metric_family.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/kernel/reader.h"
#include "loader/util/result.h"

namespace sp::metrics {

struct MapFill {
  std::string map;  // "sp_frontends"
  std::uint64_t used = 0;
  std::uint64_t max = 0;
};

struct DeviceMode {
  std::string device;
  std::string mode;  // "native", "generic", "tc"
};

struct ServiceTraffic {
  std::string service;  // name of the row: "namespace/name:port/TCP@v4"
  sp_service_stats_val stats{};
};

// The series of all services without one of their own. No name of a row has brackets.
inline constexpr const char* kOtherServices = "(others)";

struct DataPlaneSample {
  std::vector<sp_counter_val> counters;  // by enum sp_reason
  std::vector<MapFill> maps;
  std::vector<DeviceMode> devices;
  std::uint64_t snat_ports = 0;          // of each backend and node address
  sp_service_stats_val translated{};     // of all services together
  std::vector<ServiceTraffic> services;  // empty unless asked for
};

// What only the writer of the maps knows without counting.
struct KnownFills {
  std::uint64_t frontends = 0;
  std::uint64_t services = 0;
  std::uint64_t backends = 0;
  std::uint64_t flows4 = 0;
  std::uint64_t flows6 = 0;
};

struct SampleOptions {
  // Services with own series: those with an id up to this; ids are given from 1 upwards. 0 = none, and no sum either.
  // A row makes two series, and names of Services come and go: hence off unless the operator asks.
  std::uint32_t max_services = 0;
};

[[nodiscard]] Result<DataPlaneSample> take_sample(const kernel::Reader& reader, const KnownFills& fills,
                                                  const SampleOptions& options);

[[nodiscard]] std::vector<prometheus::MetricFamily> to_families(const DataPlaneSample& sample);

}  // namespace sp::metrics
