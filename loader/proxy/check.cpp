// SPDX-License-Identifier: Apache-2.0
// What kube-proxy refuses too, all of it at once, and what deserves a warning.
#include <algorithm>

#include "loader/proxy/config.h"
#include "loader/proxy/fields.h"
#include "loader/proxy/go_duration.h"
#include "loader/proxy/verdicts.h"
#include "loader/util/closest.h"

namespace sp::proxy {
namespace {

// Collects "FIELD: is VALUE: expected ...".
class Complaints {
 public:
  explicit Complaints(ProxyConfig config) : config_(std::move(config)), all_(fields(config_)) {}
  Complaints(const Complaints&) = delete;
  Complaints& operator=(const Complaints&) = delete;

  void expect(bool good, const std::string& path, const std::string& expected) {
    if (!good) {
      lines_.push_back(path + ": is " + shown(find_field(all_, path)->slot) + ": expected " + expected);
    }
  }
  void expect_one_of(const std::string& value, const std::string& path, const std::vector<std::string>& words) {
    std::string list;
    for (const std::string& word : words) {
      list += (list.empty() ? "" : word == words.back() ? " or " : ", ") + word;
    }
    const auto meant = closest(value, words);
    expect(std::find(words.begin(), words.end(), value) != words.end(), path,
           meant ? list + ": did you mean " + *meant + "?" : list);
  }
  void add(const std::string& line) { lines_.push_back(line); }
  [[nodiscard]] std::vector<std::string> take() { return std::move(lines_); }

 private:
  ProxyConfig config_;
  std::vector<Field> all_;  // of config_
  std::vector<std::string> lines_;
};

void check_periods(const std::string& block, Duration sync, Duration min_sync, Complaints& complaints) {
  complaints.expect(sync.count() > 0, block + ".syncPeriod", "more than 0s");
  complaints.expect(min_sync.count() >= 0 && min_sync <= sync, block + ".minSyncPeriod",
                    "0s to " + block + ".syncPeriod, which is " + go_duration(sync));
}

void check_modes(const ProxyConfig& config, Complaints& complaints) {
  complaints.expect_one_of(config.mode, "mode", {"iptables", "ipvs", "nftables"});
  complaints.expect(config.iptables.masquerade_bit >= 0 && config.iptables.masquerade_bit <= 31,
                    "iptables.masqueradeBit", "0 to 31");
  complaints.expect(config.nftables.masquerade_bit >= 0 && config.nftables.masquerade_bit <= 31,
                    "nftables.masqueradeBit", "0 to 31");
  check_periods("iptables", config.iptables.sync_period, config.iptables.min_sync_period, complaints);
  check_periods("nftables", config.nftables.sync_period, config.nftables.min_sync_period, complaints);
  complaints.expect(config.config_sync_period.count() > 0, "configSyncPeriod", "more than 0s");
  complaints.expect(config.client_connection.burst >= 0, "clientConnection.burst", "0 or more");
  complaints.expect(config.oom_score_adj >= -1000 && config.oom_score_adj <= 1000, "oomScoreAdj", "-1000 to 1000");
  complaints.expect_one_of(config.logging.format, "logging.format", {"text", "json"});
}

void check_conntrack(const Conntrack& conntrack, Complaints& complaints) {
  complaints.expect(conntrack.max_per_core >= 0, "conntrack.maxPerCore", "0 or more");
  complaints.expect(conntrack.min >= 0, "conntrack.min", "0 or more");
  for (const auto& [path, span] : {std::pair("tcpEstablishedTimeout", conntrack.tcp_established_timeout),
                                   {"tcpCloseWaitTimeout", conntrack.tcp_close_wait_timeout},
                                   {"udpTimeout", conntrack.udp_timeout},
                                   {"udpStreamTimeout", conntrack.udp_stream_timeout}}) {
    complaints.expect(span.count() >= 0, std::string("conntrack.") + path, "0s or more");
  }
}

void check_addresses(const ProxyConfig& config, Complaints& complaints) {
  const std::string address_port = "ADDRESS:PORT, as in 0.0.0.0:10256 or [::]:10256";
  complaints.expect(Ip::parse(config.bind_address).has_value(), "bindAddress", "an IP address");
  complaints.expect(parse_socket_address(config.healthz_bind_address).has_value(), "healthzBindAddress", address_port);
  complaints.expect(parse_socket_address(config.metrics_bind_address).has_value(), "metricsBindAddress", address_port);

  const std::vector<std::string>& node_ports = config.node_port_addresses;
  const bool known = std::all_of(node_ports.begin(), node_ports.end(), [](const std::string& word) {
    return word == "primary" || word == "all" || word == "localhost" || Prefix::parse(word);
  });
  const bool primary = std::find(node_ports.begin(), node_ports.end(), "primary") != node_ports.end();
  complaints.expect(known && (!primary || node_ports.size() == 1), "nodePortAddresses",
                    "ranges such as 192.0.2.0/24, 'all' and 'localhost', or 'primary' alone");
}

void check_detection(const ProxyConfig& config, Complaints& complaints) {
  complaints.expect_one_of(config.detect_local_mode, "detectLocalMode",
                           {"ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix"});
  complaints.expect(config.detect_local_mode != "BridgeInterface" || !config.detect_local.bridge_interface.empty(),
                    "detectLocal.bridgeInterface", "a device, because detectLocalMode is BridgeInterface");
  complaints.expect(
      config.detect_local_mode != "InterfaceNamePrefix" || !config.detect_local.interface_name_prefix.empty(),
      "detectLocal.interfaceNamePrefix", "how devices of Pods begin, because detectLocalMode is InterfaceNamePrefix");
  // cluster_cidrs() leaves out what does not parse and the second of a family.
  const auto commas = std::count(config.cluster_cidr.begin(), config.cluster_cidr.end(), ',');
  const std::size_t parts = config.cluster_cidr.empty() ? 0 : static_cast<std::size_t>(commas) + 1;
  complaints.expect(cluster_cidrs(config).size() == parts, "clusterCIDR",
                    "one range, or one of each family: 10.244.0.0/16,fd00:10:244::/56");
}

bool has_family(const std::vector<Prefix>& prefixes, Family family) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [family](const Prefix& prefix) { return prefix.address.family() == family; });
}

}  // namespace

std::vector<std::string> problems(const ProxyConfig& config) {
  Complaints complaints(config);
  check_modes(config, complaints);
  check_conntrack(config.conntrack, complaints);
  check_addresses(config, complaints);
  check_detection(config, complaints);
  for (const std::string& line : refused(config)) {
    complaints.add(line);
  }
  return complaints.take();
}

std::vector<std::string> warnings(const ProxyConfig& config) {
  std::vector<std::string> lines;
  const std::vector<Prefix> ranges = node_port_ranges(config);
  if (config.node_port_addresses.empty() && config.mode != "nftables") {
    lines.push_back(
        "nodePortAddresses is not set: NodePorts answer on this node's primary addresses only, while kube-proxy's "
        "mode " +
        config.mode + " answers on all: set it to [0.0.0.0/0, \"::/0\"] for that");
  }
  const bool dual = cluster_cidrs(config).size() == 2;
  for (const auto& [family, name] : {std::pair(Family::v4, "IPv4"), {Family::v6, "IPv6"}}) {
    if (dual && !ranges.empty() && !has_family(ranges, family)) {
      lines.push_back("nodePortAddresses has no " + std::string(name) +
                      " range: NodePorts do not answer on addresses of that family, while kube-proxy answers on all");
    }
  }
  if (const auto address = node_address(config)) {
    if (const auto wrong = wrong_family(config, address->family())) {
      lines.push_back(*wrong);
    }
  }
  return lines;
}

std::optional<std::string> wrong_family(const ProxyConfig& config, Family primary) {
  const std::vector<Prefix> cidrs = cluster_cidrs(config);
  if (config.detect_local_mode != "ClusterCIDR" || cidrs.empty() || has_family(cidrs, primary)) {
    return std::nullopt;
  }
  return "clusterCIDR is " + config.cluster_cidr + ", but this node's primary family is " +
         (primary == Family::v4 ? "IPv4" : "IPv6") + ": traffic of its Pods is not told from traffic of others";
}

}  // namespace sp::proxy
