// SPDX-License-Identifier: Apache-2.0
// Config: Sallyport's own settings: what --config FILE says, and the defaults of everything that it leaves out.
//
// Promises: a Config that was returned is whole and in range; an unknown key or a bad value is an error of one line
// that names file, key and what was expected, never a silent default. docs/examples/config.yaml lists every key.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/agent/local_delivery.h"
#include "loader/agent/pod_device_choice.h"
#include "loader/compile/compile.h"
#include "loader/kernel/data_plane.h"
#include "loader/source/value.h"
#include "loader/util/ip.h"
#include "loader/util/result.h"
#include "maps/config.h"

namespace sp::agent {

// Inclusive, host byte order.
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;

  bool operator==(const PortRange&) const = default;
  [[nodiscard]] bool overlaps(const PortRange& other) const { return first <= other.last && other.first <= last; }
  [[nodiscard]] bool contains(std::uint16_t port) const { return first <= port && port <= last; }
  [[nodiscard]] std::string text() const { return std::to_string(first) + "-" + std::to_string(last); }
};

// Idle times after which a connection is forgotten: kube-proxy's where it sets one (conntrack.tcpEstablishedTimeout 24
// h, tcpCloseWaitTimeout 1 h), else nf_conntrack's (TCP time-wait 120 s, close 10 s). udp_stream is nf_conntrack's old
// 180 s: kernel commit 294304e4c522 made it 120 for want of a better number, and a longer memory is the safer side
// for clients that speak every two minutes.
struct Timeouts {
  std::chrono::seconds tcp_established{86400};
  std::chrono::seconds tcp_close_wait{3600};
  std::chrono::seconds tcp_time_wait{120};
  std::chrono::seconds tcp_close{10};
  std::chrono::seconds udp_stream{180};

  bool operator==(const Timeouts&) const = default;
};

// Whose packets are a Pod's, by where they come from or by their source.
struct DetectLocal {
  using Mode = compile::Options::DetectLocal;
  Mode mode = Mode::none;
  std::vector<Prefix> cluster_cidrs;  // with Mode::cluster_cidr: one or two, of different families
  std::vector<std::string> devices;   // with Mode::devices: names, or beginnings of names with a * at the end

  bool operator==(const DetectLocal&) const = default;
};

struct Config {
  kernel::Sizes maps;
  Timeouts timeouts;
  // One or two ranges: outside Linux's default ephemeral range (32768-60999) and the nodePort range (30000-32767).
  std::vector<PortRange> snat_ports{{1024, 29999}, {61000, 65535}};
  std::vector<Prefix> node_port_addresses;  // empty = primary
  DetectLocal detect_local;
  bool masquerade_all = false;       // Pods reach ClusterIPs with a source of this node
  bool localhost_node_ports = true;  // NodePorts answer processes of this node at 127.0.0.1
  PodDeviceChoice pod_devices;
  LocalDelivery local_delivery = LocalDelivery::stack;
  std::chrono::seconds aging_interval{5};
  std::optional<Ip> node_address;  // set by kube-proxy's bindAddress only
  bool external_ips = true;        // set by kube-proxy's feature gate AllowServiceExternalIPs only
  // Set by a KubeProxyConfiguration only. A change that could not be applied is tried again within sync_period, and
  // counts as unhealthy after twice that. Applies are at least min_sync_period apart; 0 = immediately: they cost only
  // what has changed.
  std::chrono::nanoseconds sync_period = std::chrono::seconds(30);
  std::chrono::nanoseconds min_sync_period{0};
};

// From one document of --config; what it leaves out stays as in `base`. `file` is what messages call it.
[[nodiscard]] Result<Config> read_config(const source::Value& document, const std::string& file, Config base);

// What of it the compile step asks for.
[[nodiscard]] compile::Options compile_options(const Config& config);

// Rounded up, so that nothing ages early.
[[nodiscard]] std::uint32_t to_ticks(std::chrono::seconds span);
// Stores timeouts and ports into the row that packets read; each word is stored whole.
void store(const Config& config, sp_config_val& row);

}  // namespace sp::agent
