// SPDX-License-Identifier: Apache-2.0
// What the agent asks of a configuration.
#include <algorithm>
#include <charconv>
#include <cstdint>

#include "loader/proxy/config.h"

namespace sp::proxy {
namespace {

constexpr std::uint32_t kMaxConntrack = 1048576;

}  // namespace

std::string SocketAddress::text() const {
  return (address.family() == Family::v4 ? address.text() : "[" + address.text() + "]") + ":" + std::to_string(port);
}

std::optional<SocketAddress> parse_socket_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  std::string host = text.substr(0, colon);
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const auto address = Ip::parse(brackets ? host.substr(1, host.size() - 2) : host);
  // An IPv6 address without brackets would hide where its port begins.
  if (!address || (!brackets && host.find(':') != std::string::npos)) {
    return std::nullopt;
  }
  std::uint16_t port = 0;
  const char* const last = text.data() + text.size();
  const auto [end, err] = std::from_chars(text.data() + colon + 1, last, port);
  return err == std::errc() && end == last ? std::optional(SocketAddress{*address, port}) : std::nullopt;
}

std::optional<Ip> node_address(const ProxyConfig& config) {
  const auto address = Ip::parse(config.bind_address);
  return address && !address->is_unspecified() ? address : std::nullopt;
}

bool masquerade_all(const ProxyConfig& config) {
  return config.mode == "nftables" ? config.nftables.masquerade_all : config.iptables.masquerade_all;
}

Duration sync_period(const ProxyConfig& config) {
  return config.mode == "nftables" ? config.nftables.sync_period : config.iptables.sync_period;
}

Duration min_sync_period(const ProxyConfig& config) {
  return config.mode == "nftables" ? config.nftables.min_sync_period : config.iptables.min_sync_period;
}

std::vector<Prefix> cluster_cidrs(const ProxyConfig& config) {
  std::vector<Prefix> first;
  for (std::size_t begin = 0; begin < config.cluster_cidr.size();) {
    const std::size_t end = std::min(config.cluster_cidr.find(',', begin), config.cluster_cidr.size());
    const auto prefix = Prefix::parse(config.cluster_cidr.substr(begin, end - begin));
    const auto same_family = [&prefix](const Prefix& other) {
      return other.address.family() == prefix->address.family();
    };
    if (prefix && std::none_of(first.begin(), first.end(), same_family)) {
      first.push_back(*prefix);
    }
    begin = end + 1;
  }
  return first;
}

std::vector<Prefix> node_port_ranges(const ProxyConfig& config) {
  std::vector<Prefix> ranges;
  const auto add = [&ranges](std::string_view text) {
    if (const auto prefix = Prefix::parse(text)) {
      ranges.push_back(*prefix);
    }
  };
  for (const std::string& word : config.node_port_addresses) {
    if (word == "all") {
      add("0.0.0.0/0");
      add("::/0");
    } else if (word == "localhost") {
      add("127.0.0.0/8");
      add("::1/128");
    } else {
      add(word);  // "primary" is no range
    }
  }
  return ranges;
}

bool feature_gate(const ProxyConfig& config, const std::string& name, bool unset) {
  const auto gate = config.feature_gates.find(name);
  return gate == config.feature_gates.end() ? unset : gate->second;
}

std::optional<std::uint32_t> conntrack_max(const ProxyConfig& config, unsigned cpus) {
  if (config.conntrack.max_per_core <= 0) {
    return std::nullopt;
  }
  const std::uint64_t scaled = std::uint64_t{static_cast<std::uint32_t>(config.conntrack.max_per_core)} * cpus;
  if (scaled > kMaxConntrack) {
    return kMaxConntrack;
  }
  return std::max(static_cast<std::uint32_t>(scaled), static_cast<std::uint32_t>(std::max(config.conntrack.min, 0)));
}

}  // namespace sp::proxy
