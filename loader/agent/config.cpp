// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/config.h"

#include <iterator>

#include "loader/util/ticks.h"

namespace sp::agent {
namespace {

template <typename T>
void store_word(T& row, T value) {
  static_assert(sizeof(T) == 4);
  __atomic_store(&row, &value, __ATOMIC_RELAXED);
}

}  // namespace

std::uint32_t to_ticks(std::chrono::seconds span) {
  return ticks_of_seconds(static_cast<std::uint32_t>(span.count()));
}

compile::Options compile_options(const Config& config) {
  compile::Options options;
  options.node_port_addresses = config.node_port_addresses;
  options.node_address = config.node_address;
  options.external_ips = config.external_ips;
  options.detect_local = config.detect_local.mode;
  options.cluster_cidrs = config.detect_local.cluster_cidrs;
  options.masquerade_all = config.masquerade_all;
  options.localhost_node_ports = config.localhost_node_ports;
  return options;
}

void store(const Config& config, sp_config_val& row) {
  store_word(row.timeouts.tcp_established_ticks, to_ticks(config.timeouts.tcp_established));
  store_word(row.timeouts.tcp_close_wait_ticks, to_ticks(config.timeouts.tcp_close_wait));
  store_word(row.timeouts.tcp_time_wait_ticks, to_ticks(config.timeouts.tcp_time_wait));
  store_word(row.timeouts.tcp_close_ticks, to_ticks(config.timeouts.tcp_close));
  store_word(row.timeouts.udp_stream_ticks, to_ticks(config.timeouts.udp_stream));
  for (std::size_t i = 0; i < std::size(row.snat_ports); ++i) {
    constexpr sp_port_range kEmpty{.first = 1, .last = 0};
    const bool given = i < config.snat_ports.size();
    store_word(row.snat_ports[i],
               given ? sp_port_range{.first = config.snat_ports[i].first, .last = config.snat_ports[i].last} : kEmpty);
  }
}

}  // namespace sp::agent
