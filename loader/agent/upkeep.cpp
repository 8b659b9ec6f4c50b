// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/upkeep.h"

#include "loader/agent/host_settings.h"

namespace sp::agent {

void Upkeep::look(const std::vector<std::string>& devices, const node::Facts& facts) {
  const HostSettings settings = read_host_settings("/proc/sys/net", devices, facts);
  host_notices_.update(host_advice(settings, config_.snat_ports));
  look_at_flow_tables();
}

// What finds no room is counted and not told packet by packet: it happens in a flood.
void Upkeep::look_at_flow_tables() {
  const auto counters = reader_.counters();
  if (!counters) {
    table_notices_.update({counters.error().text()});
    return;
  }
  const std::uint64_t full = counters->at(SP_NOTE_FLOWS_FULL).packets;
  const bool grew = flows_full_ && full > *flows_full_;
  flows_full_ = full;
  table_notices_.update(grew ? std::vector<std::string>{"a flow table is full: new connections stay embryos, of which "
                                                        "the least recently used goes first: raise maps.flows4 and "
                                                        "maps.flows6, or lower the timeouts, in --config"}
                             : std::vector<std::string>{});
}

}  // namespace sp::agent
