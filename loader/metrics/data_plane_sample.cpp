// SPDX-License-Identifier: Apache-2.0
// Reading the maps for a scrape.
#include "loader/metrics/data_plane_sample.h"

#include <net/if.h>

#include <array>
#include <map>

namespace sp::metrics {
namespace {

Result<std::vector<DeviceMode>> device_modes(const kernel::Reader& reader) {
  SP_TRY_ASSIGN(programs, reader.attached());
  std::map<std::uint32_t, std::string> modes;
  for (const kernel::AttachedProgram& program : programs) {
    if (program.device_gone) {
      continue;
    }
    std::string& mode = modes.try_emplace(program.ifindex, "tc").first->second;
    if (program.xdp_mode) {
      mode = *program.xdp_mode == kernel::XdpMode::native ? "native" : "generic";
    }
  }
  std::vector<DeviceMode> devices;
  for (auto& [ifindex, mode] : modes) {
    std::array<char, IF_NAMESIZE> name{};
    if (::if_indextoname(ifindex, name.data()) != nullptr) {
      devices.push_back({name.data(), std::move(mode)});
    }
  }
  return devices;
}

std::uint64_t ports_in(const sp_port_range& range) {
  return range.first <= range.last ? std::uint64_t{range.last} - range.first + 1 : 0;
}

Result<std::vector<ServiceTraffic>> traffic_by_service(const kernel::Reader& reader,
                                                       const std::vector<sp_service_stats_val>& stats,
                                                       std::uint32_t max_services) {
  SP_TRY_ASSIGN(names, reader.service_names());
  std::vector<ServiceTraffic> services;
  for (const auto& [id, name] : names) {
    if (id <= max_services && id < stats.size()) {
      services.push_back({name.text, stats[id]});
    }
  }
  // By id and not by rank: a Service that goes must not move others from the sum to a series of their own.
  ServiceTraffic others{kOtherServices, {}};
  for (std::size_t id = std::size_t{max_services} + 1; id < stats.size(); ++id) {
    others.stats.packets += stats[id].packets;
    others.stats.bytes += stats[id].bytes;
  }
  services.push_back(std::move(others));
  return services;
}

}  // namespace

Result<DataPlaneSample> take_sample(const kernel::Reader& reader, const KnownFills& fills,
                                    const SampleOptions& options) {
  DataPlaneSample sample;
  SP_TRY_ASSIGN(counters, reader.counters());
  sample.counters = std::move(counters);
  SP_TRY_ASSIGN(sizes, reader.sizes());
  sample.maps = {{"sp_flows4", fills.flows4, sizes.flows4},
                 {"sp_flows6", fills.flows6, sizes.flows6},
                 {"sp_frontends", fills.frontends, sizes.frontends},
                 {"sp_services", fills.services, sizes.services},
                 {"sp_backends", fills.backends, sizes.backends}};
  SP_TRY_ASSIGN(devices, device_modes(reader));
  sample.devices = std::move(devices);
  for (const sp_port_range& range : reader.config().snat_ports) {
    sample.snat_ports += ports_in(range);
  }
  SP_TRY_ASSIGN(stats, reader.used_service_stats(fills.services));
  for (const sp_service_stats_val& row : stats) {
    sample.translated.packets += row.packets;
    sample.translated.bytes += row.bytes;
  }
  if (options.max_services != 0) {
    SP_TRY_ASSIGN(services, traffic_by_service(reader, stats, options.max_services));
    sample.services = std::move(services);
  }
  return sample;
}

}  // namespace sp::metrics
