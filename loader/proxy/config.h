// SPDX-License-Identifier: Apache-2.0
// ProxyConfig: KubeProxyConfiguration v1alpha1 as a value, with kube-proxy's defaults.
//
// Members carry the names of v1alpha1 in our spelling; loader/proxy/fields.h ties each to its path in the file. What
// depends on other fields (addresses of the servers, the mode) is empty until complete().
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "loader/util/ip.h"

namespace sp::proxy {

using Duration = std::chrono::nanoseconds;

inline constexpr const char* kApiVersion = "kubeproxy.config.k8s.io/v1alpha1";
inline constexpr const char* kKind = "KubeProxyConfiguration";
inline constexpr std::uint16_t kHealthzPort = 10256;
inline constexpr std::uint16_t kMetricsPort = 10249;

struct ClientConnection {
  std::string kubeconfig;  // empty = in-cluster
  std::string accept_content_types;
  std::string content_type = "application/vnd.kubernetes.protobuf";
  float qps = 5;
  std::int32_t burst = 10;
};

struct VModule {
  std::string file_pattern;
  std::uint32_t verbosity = 0;
  bool operator==(const VModule&) const = default;
};

struct OutputRouting {
  bool split_stream = false;
  std::string info_buffer_size = "0";  // a quantity of Kubernetes
};

struct Logging {
  std::string format = "text";
  Duration flush_frequency = std::chrono::seconds(5);
  std::uint32_t verbosity = 0;
  std::vector<VModule> vmodule;
  OutputRouting text;
  OutputRouting json;
};

struct Iptables {
  std::int32_t masquerade_bit = 14;
  bool masquerade_all = false;
  bool localhost_node_ports = true;
  Duration sync_period = std::chrono::seconds(30);
  Duration min_sync_period = std::chrono::seconds(1);
};

struct Ipvs {
  Duration sync_period = std::chrono::seconds(30);
  Duration min_sync_period{};
  std::string scheduler;
  std::vector<std::string> exclude_cidrs;
  bool strict_arp = false;
  Duration tcp_timeout{};
  Duration tcp_fin_timeout{};
  Duration udp_timeout{};
};

struct Nftables {
  std::int32_t masquerade_bit = 14;
  bool masquerade_all = false;
  Duration sync_period = std::chrono::seconds(30);
  Duration min_sync_period = std::chrono::seconds(1);
};

struct Winkernel {
  std::string network_name;
  std::string source_vip;
  bool enable_dsr = false;
  std::string root_hns_endpoint_name;
  bool forward_health_check_vip = false;
};

struct DetectLocal {
  std::string bridge_interface;
  std::string interface_name_prefix;
};

// 0 leaves the kernel's value as it is.
struct Conntrack {
  std::int32_t max_per_core = 32768;
  std::int32_t min = 131072;
  Duration tcp_established_timeout = std::chrono::hours(24);
  Duration tcp_close_wait_timeout = std::chrono::hours(1);
  bool tcp_be_liberal = false;
  Duration udp_timeout{};
  Duration udp_stream_timeout{};
};

struct ProxyConfig {
  std::map<std::string, bool> feature_gates;
  ClientConnection client_connection;
  Logging logging;
  std::string hostname_override;
  std::string bind_address = "0.0.0.0";
  std::string healthz_bind_address;  // after complete(): ADDRESS:PORT; port 0 = off
  std::string metrics_bind_address;  // likewise
  bool bind_address_hard_fail = false;
  bool enable_profiling = false;
  std::string show_hidden_metrics_for_version;
  std::string mode;  // after complete(): iptables, ipvs or nftables
  Iptables iptables;
  Ipvs ipvs;
  Nftables nftables;
  Winkernel winkernel;
  std::string detect_local_mode;  // after complete(): ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix
  DetectLocal detect_local;
  std::string cluster_cidr;                      // comma list
  std::vector<std::string> node_port_addresses;  // as written
  std::int32_t oom_score_adj = -999;
  Conntrack conntrack;
  Duration config_sync_period = std::chrono::minutes(15);
  std::string port_range;
  bool windows_run_as_service = false;
};

// Fills what depends on other fields: the servers' addresses follow the family of bindAddress and get their port, the
// mode is iptables and traffic is local by ClusterCIDR unless given. Idempotent.
void complete(ProxyConfig& config);

// Everything that is wrong with a completed configuration, each as "FIELD: is VALUE: expected ...".
[[nodiscard]] std::vector<std::string> problems(const ProxyConfig& config);
// What works, but not as its author may think: each one sentence for a warning.
[[nodiscard]] std::vector<std::string> warnings(const ProxyConfig& config);
// Why clusterCIDR fits no address of the primary family; nothing when it does. The node's address decides the family
// where bindAddress does not.
[[nodiscard]] std::optional<std::string> wrong_family(const ProxyConfig& config, Family primary);

// What the agent asks of a completed and valid configuration.
struct SocketAddress {
  Ip address;
  std::uint16_t port = 0;  // 0 = off
  auto operator<=>(const SocketAddress&) const = default;
  [[nodiscard]] std::string text() const;  // 192.0.2.1:80, [2001:db8::1]:80
};
// "ADDRESS:PORT", as the bind addresses are after complete(); nothing for any other text.
[[nodiscard]] std::optional<SocketAddress> parse_socket_address(const std::string& text);
// bindAddress, unless it is a wildcard: this node's address and primary family.
[[nodiscard]] std::optional<Ip> node_address(const ProxyConfig& config);
[[nodiscard]] bool masquerade_all(const ProxyConfig& config);   // of the mode's block
[[nodiscard]] Duration sync_period(const ProxyConfig& config);  // of the mode's block
[[nodiscard]] Duration min_sync_period(const ProxyConfig& config);
// The first range of each family in clusterCIDR: what counts as local under detectLocalMode ClusterCIDR.
[[nodiscard]] std::vector<Prefix> cluster_cidrs(const ProxyConfig& config);
// Ranges of nodePortAddresses; empty = primary.
[[nodiscard]] std::vector<Prefix> node_port_ranges(const ProxyConfig& config);
// The setting of a feature gate, or what holds when nobody set it.
[[nodiscard]] bool feature_gate(const ProxyConfig& config, const std::string& name, bool unset);
// What nf_conntrack_max is to be: maxPerCore for each CPU, at least min, at most 1048576. Nothing = leave it alone.
[[nodiscard]] std::optional<std::uint32_t> conntrack_max(const ProxyConfig& config, unsigned cpus);

// The body of /configz.
[[nodiscard]] std::string configz_json(const ProxyConfig& config);
// A file that --config reads back to the same configuration.
[[nodiscard]] std::string to_yaml(const ProxyConfig& config);

}  // namespace sp::proxy
