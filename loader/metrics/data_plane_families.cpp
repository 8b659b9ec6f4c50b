// SPDX-License-Identifier: Apache-2.0
// The families of a DataPlaneSample.
#include "loader/metrics/data_plane_sample.h"
#include "loader/metrics/sample_families.h"

namespace sp::metrics {
namespace {

struct Reason {
  std::size_t number;
  const char* name;
};

constexpr Reason kReasons[] = {
#define SP_REASON_ROW(symbol, number, name, text) {number, name},
    SP_REASONS(SP_REASON_ROW)
#undef SP_REASON_ROW
};

const char* class_of(std::size_t number) {
  return number >= SP_REASON_DROP_FIRST ? "drop" : number >= SP_REASON_REJECT_FIRST ? "reject" : "pass";
}

// A packet is in one of these rows or in those of its service, so that sums over them are packets. What is only worth
// noting is told apart, as events: it would count packets twice.
void add_reasons(std::vector<prometheus::MetricFamily>& families, const DataPlaneSample& sample) {
  auto packets = counter_family("sallyport_packets_total",
                                "Packets seen: translated, passed to the stack, answered or dropped, and why.");
  auto bytes = counter_family("sallyport_bytes_total", "Bytes of those packets, as whole frames.");
  auto events = counter_family("sallyport_events_total", "What happened to connections and tables in the packet path.");
  const LabelList translated{{"class", "translate"}, {"reason", "translated"}};
  add_value(packets, static_cast<double>(sample.translated.packets), translated);
  add_value(bytes, static_cast<double>(sample.translated.bytes), translated);
  for (const Reason& reason : kReasons) {
    if (reason.number >= sample.counters.size()) {
      continue;
    }
    const sp_counter_val& row = sample.counters[reason.number];
    if (reason.number >= SP_REASON_NOTE_FIRST) {
      add_value(events, static_cast<double>(row.packets), {{"event", reason.name}});
      continue;
    }
    const LabelList labels{{"class", class_of(reason.number)}, {"reason", reason.name}};
    add_value(packets, static_cast<double>(row.packets), labels);
    add_value(bytes, static_cast<double>(row.bytes), labels);
  }
  families.push_back(std::move(packets));
  families.push_back(std::move(bytes));
  families.push_back(std::move(events));
}

void add_state(std::vector<prometheus::MetricFamily>& families, const DataPlaneSample& sample) {
  auto used = gauge_family("sallyport_map_entries", "Entries in use. Flows are counted by each aging sweep.");
  auto max = gauge_family("sallyport_map_max_entries", "Entries that the map has room for.");
  for (const MapFill& map : sample.maps) {
    add_value(used, static_cast<double>(map.used), {{"map", map.map}});
    add_value(max, static_cast<double>(map.max), {{"map", map.map}});
  }
  families.push_back(std::move(used));
  families.push_back(std::move(max));
  auto devices = gauge_family("sallyport_device_attached", "1 for each device with our programs, and how XDP runs.");
  for (const DeviceMode& device : sample.devices) {
    add_value(devices, 1, {{"device", device.device}, {"mode", device.mode}});
  }
  families.push_back(std::move(devices));
  auto ports = gauge_family("sallyport_snat_ports", "Source ports for each pair of backend and node address.");
  add_value(ports, static_cast<double>(sample.snat_ports));
  families.push_back(std::move(ports));
}

void add_services(std::vector<prometheus::MetricFamily>& families, const DataPlaneSample& sample) {
  auto packets = counter_family("sallyport_service_packets_total", "Translated packets, both directions.");
  auto bytes = counter_family("sallyport_service_bytes_total", "Bytes of translated packets, both directions.");
  for (const ServiceTraffic& service : sample.services) {
    add_value(packets, static_cast<double>(service.stats.packets), {{"service", service.service}});
    add_value(bytes, static_cast<double>(service.stats.bytes), {{"service", service.service}});
  }
  families.push_back(std::move(packets));
  families.push_back(std::move(bytes));
}

}  // namespace

std::vector<prometheus::MetricFamily> to_families(const DataPlaneSample& sample) {
  std::vector<prometheus::MetricFamily> families;
  add_reasons(families, sample);
  add_state(families, sample);
  if (!sample.services.empty()) {
    add_services(families, sample);
  }
  return families;
}

}  // namespace sp::metrics
