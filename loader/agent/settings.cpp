// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/settings.h"

#include <spdlog/fmt/fmt.h>
#include <sys/sysinfo.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <set>
#include <utility>

#include "loader/agent/config_files.h"
#include "loader/proxy/verdicts.h"

namespace sp::agent {
namespace {

constexpr std::uint32_t kMaxFlowEntries = 1U << 26;  // the limit of maps.flows4
constexpr std::uint32_t kDebugVerbosity = 4;
constexpr std::chrono::seconds kLongestTimeout{31536000};  // the limit of timeouts

// kube-proxy's configuration in force, and which of its fields somebody has set.
struct ProxyPart {
  proxy::ProxyConfig config;
  std::set<std::string> given;
  std::vector<Remark> remarks;
};

void remark(std::vector<Remark>& remarks, log::Level level, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    remarks.push_back({level, line});
  }
}

// A file replaces all flags but a few, as in kube-proxy. Returns those that count.
std::vector<proxy::GivenFlag> effective_flags(const RunOptions& options, const ConfigFiles& files,
                                              std::vector<Remark>& remarks) {
  if (!files.proxy) {
    return options.proxy_flags;
  }
  std::vector<proxy::GivenFlag> kept;
  std::vector<std::string> dropped;
  for (const proxy::GivenFlag& given : options.proxy_flags) {
    const std::string name = "--" + given.flag;
    if (proxy::beats_file(given.flag)) {
      kept.push_back(given);
    } else if (std::find(dropped.begin(), dropped.end(), name) == dropped.end()) {
      dropped.push_back(name);
    }
  }
  if (!dropped.empty()) {
    remarks.push_back(
        {log::Level::warn, "flags that " + files.proxy_file +
                               fmt::format(" replaces are ignored, as by kube-proxy: {}", fmt::join(dropped, ", "))});
  }
  return kept;
}

Result<ProxyPart> decide_proxy(const RunOptions& options, const ConfigFiles& files) {
  ProxyPart part;
  if (files.proxy) {
    part.config = files.proxy->config;
    part.given = files.proxy->given;
    remark(part.remarks, log::Level::warn, files.proxy->warnings);
  }
  const std::vector<proxy::GivenFlag> flags = effective_flags(options, files, part.remarks);
  std::vector<std::string> wrong = proxy::apply_flags(flags, part.config);
  for (const proxy::GivenFlag& given : flags) {
    if (const proxy::Setting* const setting = proxy::find_setting(given.flag)) {
      const std::vector<std::string> paths = proxy::paths_of(*setting);
      part.given.insert(paths.begin(), paths.end());
    }
  }
  if (!options.kubeconfig.empty()) {
    part.config.client_connection.kubeconfig = options.kubeconfig.string();
  }
  if (!options.node.empty()) {
    SP_TRY_ASSIGN(name, node_name(options.node));
    part.config.hostname_override = name;
  }
  proxy::complete(part.config);
  const std::vector<std::string> problems = proxy::problems(part.config);
  wrong.insert(wrong.end(), problems.begin(), problems.end());
  if (!wrong.empty()) {
    return Error{0, (files.proxy ? files.proxy_file + ": " : "") + fmt::format("{}", fmt::join(wrong, "; "))};
  }
  remark(part.remarks, log::Level::info, proxy::ignored(part.config, flags));
  return part;
}

void take_timeout(proxy::Duration from, std::chrono::seconds& into) {
  if (from.count() > 0) {
    into = std::min(std::chrono::ceil<std::chrono::seconds>(from), kLongestTimeout);
  }
}

DetectLocal detect_local_of(const proxy::ProxyConfig& proxy) {
  using Mode = DetectLocal::Mode;
  const std::string& mode = proxy.detect_local_mode;
  if (mode == "NodeCIDR") {
    return {Mode::node_cidr, {}, {}};
  }
  if (mode == "BridgeInterface") {
    return {Mode::devices, {}, {proxy.detect_local.bridge_interface}};
  }
  if (mode == "InterfaceNamePrefix") {
    return {Mode::devices, {}, {proxy.detect_local.interface_name_prefix + "*"}};
  }
  // Without a range there is no detector, as in kube-proxy.
  std::vector<Prefix> cidrs = proxy::cluster_cidrs(proxy);
  return cidrs.empty() ? DetectLocal{} : DetectLocal{Mode::cluster_cidr, std::move(cidrs), {}};
}

// What kube-proxy's configuration says about things that Sallyport's own settings have, too.
Config config_of(const ProxyPart& part, std::vector<Remark>& remarks) {
  const proxy::ProxyConfig& proxy = part.config;
  Config config;
  take_timeout(proxy.conntrack.tcp_established_timeout, config.timeouts.tcp_established);
  take_timeout(proxy.conntrack.tcp_close_wait_timeout, config.timeouts.tcp_close_wait);
  take_timeout(proxy.conntrack.udp_stream_timeout, config.timeouts.udp_stream);
  config.node_port_addresses = proxy::node_port_ranges(proxy);
  config.external_ips = proxy::feature_gate(proxy, "AllowServiceExternalIPs", true);
  config.detect_local = detect_local_of(proxy);
  config.masquerade_all = proxy::masquerade_all(proxy);
  config.localhost_node_ports = proxy.iptables.localhost_node_ports;
  config.node_address = proxy::node_address(proxy);
  config.sync_period = proxy::sync_period(proxy);
  const std::string block = proxy.mode == "nftables" ? "nftables" : "iptables";
  if (part.given.contains(block + ".minSyncPeriod")) {
    config.min_sync_period = proxy::min_sync_period(proxy);
  }
  // The default of 32768 connections for each CPU is no wish of anybody: only a number that was given makes tables
  // larger, which are allocated at once. A connection has two entries.
  const auto wanted = proxy::conntrack_max(proxy, static_cast<unsigned>(::get_nprocs()));
  if (wanted && (part.given.contains("conntrack.maxPerCore") || part.given.contains("conntrack.min"))) {
    const auto address = proxy::node_address(proxy);
    const bool v6 = address && address->family() == Family::v6;
    std::uint32_t& entries = v6 ? config.maps.flows6 : config.maps.flows4;
    const std::uint32_t asked = std::min(std::uint32_t{kMaxFlowEntries / 2}, *wanted) * 2;
    if (asked > entries) {
      entries = asked;
      remarks.push_back({log::Level::info, std::string(v6 ? "maps.flows6" : "maps.flows4") + " is " +
                                               std::to_string(asked) + ": two entries for each of the " +
                                               std::to_string(*wanted) +
                                               " connections of conntrack.maxPerCore and min"});
    }
  }
  return config;
}

Result<void> choose_source(const RunOptions& options, Settings& settings) {
  const std::string& kubeconfig = settings.proxy.client_connection.kubeconfig;
  if (!options.manifests.empty()) {
    settings.source = SourceKind::manifests;
    if (!kubeconfig.empty()) {
      settings.remarks.push_back(
          {log::Level::info, "clientConnection.kubeconfig is not used: the source is --manifests"});
    }
    return {};
  }
  settings.source = SourceKind::kubernetes;
  settings.kubeconfig = kubeconfig;
  const bool in_cluster = std::getenv("KUBERNETES_SERVICE_HOST") != nullptr;
  const bool named = !kubeconfig.empty() || !options.master.empty() || in_cluster || options.init_only;
  return !named ? Error{0, kNoSource} : Result<void>();
}

bool gives(const ConfigFiles& files, const char* key) {
  const source::Value* const value = files.own->find(key);
  return value != nullptr && value->kind != source::Value::Kind::null;
}

std::vector<std::string> texts_of(const std::vector<Prefix>& prefixes) {
  std::vector<std::string> texts;
  for (const Prefix& prefix : prefixes) {
    texts.push_back(prefix.text());
  }
  return texts;
}

// As far as v1alpha1 can say it: it knows one name of a device, or one beginning.
void show_detection(const DetectLocal& detect, proxy::ProxyConfig& proxy) {
  using Mode = DetectLocal::Mode;
  proxy.detect_local = {};
  proxy.cluster_cidr = fmt::format("{}", fmt::join(texts_of(detect.cluster_cidrs), ","));
  proxy.detect_local_mode = detect.mode == Mode::node_cidr ? "NodeCIDR" : "ClusterCIDR";
  if (detect.mode == Mode::devices) {
    std::string first = detect.devices.front();
    const bool whole = !first.ends_with('*');
    proxy.detect_local_mode = whole ? "BridgeInterface" : "InterfaceNamePrefix";
    if (!whole) {
      first.pop_back();
    }
    (whole ? proxy.detect_local.bridge_interface : proxy.detect_local.interface_name_prefix) = first;
  }
}

// Sallyport's own file comes last: it beats what kube-proxy's says about the same thing, and /configz tells what holds.
Result<void> read_own(const ConfigFiles& files, Settings& settings) {
  if (!files.own) {
    return {};
  }
  SP_TRY_ASSIGN(config, read_config(*files.own, files.own_file, std::move(settings.config)));
  settings.config = std::move(config);
  proxy::ProxyConfig& shown = settings.proxy;
  if (gives(files, "nodePortAddresses")) {
    shown.node_port_addresses = texts_of(settings.config.node_port_addresses);
    if (shown.node_port_addresses.empty()) {
      shown.node_port_addresses = {"primary"};
    }
  }
  if (gives(files, "detect_local")) {
    show_detection(settings.config.detect_local, shown);
  }
  if (gives(files, "masquerade_all")) {
    shown.iptables.masquerade_all = shown.nftables.masquerade_all = settings.config.masquerade_all;
  }
  if (gives(files, "localhost_node_ports")) {
    shown.iptables.localhost_node_ports = settings.config.localhost_node_ports;
  }
  return {};
}

}  // namespace

Result<Settings> resolve(const RunOptions& options) {
  SP_TRY_ASSIGN(files, read_config_files(options.configs));
  SP_TRY_ASSIGN(part, decide_proxy(options, files));
  Settings settings;
  settings.remarks = std::move(part.remarks);
  settings.config = config_of(part, settings.remarks);
  settings.proxy = std::move(part.config);
  SP_TRY(read_own(files, settings));
  settings.config.local_delivery = options.local_delivery.value_or(settings.config.local_delivery);
  SP_TRY(choose_source(options, settings));
  if (settings.source == SourceKind::kubernetes) {
    remark(settings.remarks, log::Level::warn, proxy::warnings(settings.proxy));
  }
  SP_TRY_ASSIGN(name, node_name(settings.proxy.hostname_override));
  settings.node = std::move(name);
  const bool debug = settings.proxy.logging.verbosity >= kDebugVerbosity;
  settings.log_level = options.log_level.value_or(debug ? log::Level::debug : log::Level::info);
  settings.files = std::move(files.files);
  return settings;
}

Result<std::string> write_config(const RunOptions& options, const std::filesystem::path& file) {
  SP_TRY_ASSIGN(files, read_config_files(options.configs));
  SP_TRY_ASSIGN(part, decide_proxy(options, files));
  std::ofstream stream(file, std::ios::trunc);
  stream << proxy::to_yaml(part.config);
  stream.close();
  if (!stream) {
    return errno_error(errno, "--write-config-to " + file.string() + ": cannot be written");
  }
  return "wrote the configuration to " + file.string();
}

}  // namespace sp::agent
