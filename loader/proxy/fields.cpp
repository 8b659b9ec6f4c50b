// SPDX-License-Identifier: Apache-2.0
// The list of fields.
#include "loader/proxy/fields.h"

#include <algorithm>

namespace sp::proxy {
namespace {

using Fields = std::vector<Field>;
constexpr bool kZeroIsDefault = true;

void add_client_connection(Fields& all, ClientConnection& client) {
  all.insert(all.end(), {{"clientConnection.kubeconfig", &client.kubeconfig},
                         {"clientConnection.acceptContentTypes", &client.accept_content_types},
                         {"clientConnection.contentType", &client.content_type, kZeroIsDefault},
                         {"clientConnection.qps", &client.qps, kZeroIsDefault},
                         {"clientConnection.burst", &client.burst, kZeroIsDefault}});
}

void add_logging(Fields& all, Logging& logging) {
  all.insert(all.end(), {{"logging.format", &logging.format, kZeroIsDefault},
                         {"logging.flushFrequency", FlushFrequency{&logging.flush_frequency}, kZeroIsDefault},
                         {"logging.verbosity", &logging.verbosity},
                         {"logging.vmodule", &logging.vmodule},
                         {"logging.options.text.splitStream", &logging.text.split_stream},
                         {"logging.options.text.infoBufferSize", &logging.text.info_buffer_size, kZeroIsDefault},
                         {"logging.options.json.splitStream", &logging.json.split_stream},
                         {"logging.options.json.infoBufferSize", &logging.json.info_buffer_size, kZeroIsDefault}});
}

void add_modes(Fields& all, ProxyConfig& config) {
  Iptables& iptables = config.iptables;
  Ipvs& ipvs = config.ipvs;
  Nftables& nftables = config.nftables;
  Winkernel& windows = config.winkernel;
  all.insert(all.end(), {{"mode", &config.mode},
                         {"iptables.masqueradeBit", &iptables.masquerade_bit},
                         {"iptables.masqueradeAll", &iptables.masquerade_all},
                         {"iptables.localhostNodePorts", &iptables.localhost_node_ports},
                         {"iptables.syncPeriod", &iptables.sync_period, kZeroIsDefault},
                         {"iptables.minSyncPeriod", &iptables.min_sync_period, kZeroIsDefault},
                         {"ipvs.syncPeriod", &ipvs.sync_period, kZeroIsDefault},
                         {"ipvs.minSyncPeriod", &ipvs.min_sync_period},
                         {"ipvs.scheduler", &ipvs.scheduler},
                         {"ipvs.excludeCIDRs", &ipvs.exclude_cidrs},
                         {"ipvs.strictARP", &ipvs.strict_arp},
                         {"ipvs.tcpTimeout", &ipvs.tcp_timeout},
                         {"ipvs.tcpFinTimeout", &ipvs.tcp_fin_timeout},
                         {"ipvs.udpTimeout", &ipvs.udp_timeout},
                         {"nftables.masqueradeBit", &nftables.masquerade_bit},
                         {"nftables.masqueradeAll", &nftables.masquerade_all},
                         {"nftables.syncPeriod", &nftables.sync_period, kZeroIsDefault},
                         {"nftables.minSyncPeriod", &nftables.min_sync_period, kZeroIsDefault},
                         {"winkernel.networkName", &windows.network_name},
                         {"winkernel.sourceVip", &windows.source_vip},
                         {"winkernel.enableDSR", &windows.enable_dsr},
                         {"winkernel.rootHnsEndpointName", &windows.root_hns_endpoint_name},
                         {"winkernel.forwardHealthCheckVip", &windows.forward_health_check_vip}});
}

void add_conntrack(Fields& all, Conntrack& conntrack) {
  all.insert(all.end(), {{"conntrack.maxPerCore", &conntrack.max_per_core},
                         {"conntrack.min", &conntrack.min},
                         {"conntrack.tcpEstablishedTimeout", &conntrack.tcp_established_timeout},
                         {"conntrack.tcpCloseWaitTimeout", &conntrack.tcp_close_wait_timeout},
                         {"conntrack.tcpBeLiberal", &conntrack.tcp_be_liberal},
                         {"conntrack.udpTimeout", &conntrack.udp_timeout},
                         {"conntrack.udpStreamTimeout", &conntrack.udp_stream_timeout}});
}

}  // namespace

std::vector<Field> fields(ProxyConfig& config) {
  Fields all{{"featureGates", &config.feature_gates}};
  add_client_connection(all, config.client_connection);
  add_logging(all, config.logging);
  all.insert(all.end(), {{"hostnameOverride", &config.hostname_override},
                         {"bindAddress", &config.bind_address, kZeroIsDefault},
                         {"healthzBindAddress", &config.healthz_bind_address},
                         {"metricsBindAddress", &config.metrics_bind_address},
                         {"bindAddressHardFail", &config.bind_address_hard_fail},
                         {"enableProfiling", &config.enable_profiling},
                         {"showHiddenMetricsForVersion", &config.show_hidden_metrics_for_version}});
  add_modes(all, config);
  all.insert(all.end(), {{"detectLocalMode", &config.detect_local_mode},
                         {"detectLocal.bridgeInterface", &config.detect_local.bridge_interface},
                         {"detectLocal.interfaceNamePrefix", &config.detect_local.interface_name_prefix},
                         {"clusterCIDR", &config.cluster_cidr},
                         {"nodePortAddresses", &config.node_port_addresses},
                         {"oomScoreAdj", &config.oom_score_adj}});
  add_conntrack(all, config.conntrack);
  all.insert(all.end(), {{"configSyncPeriod", &config.config_sync_period, kZeroIsDefault},
                         {"portRange", &config.port_range},
                         {"windowsRunAsService", &config.windows_run_as_service}});
  return all;
}

const Field* find_field(const std::vector<Field>& all, std::string_view path) {
  const auto found = std::find_if(all.begin(), all.end(), [path](const Field& field) { return field.path == path; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace sp::proxy
