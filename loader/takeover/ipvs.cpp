// SPDX-License-Identifier: Apache-2.0
// Words of two command-line tools.
#include "loader/takeover/ipvs.h"

#include <charconv>
#include <optional>

#include "loader/takeover/owners.h"

namespace sp::takeover {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (line.empty()) return words;
    const std::size_t end = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

// "30080" of a port set, "192.0.2.1,sctp:30080" of a hash.
std::optional<std::uint16_t> port_of_member(std::string_view member) {
  return parse_port(member.substr(member.rfind(':') == std::string_view::npos ? 0 : member.rfind(':') + 1));
}

std::optional<Protocol> protocol_of_set(std::string_view name) {
  if (name.find("NODE-PORT-") == std::string_view::npos || name.find("HEALTH-CHECK") != std::string_view::npos) {
    return std::nullopt;
  }
  if (name.find("TCP") != std::string_view::npos) return Protocol::tcp;
  if (name.find("UDP") != std::string_view::npos) return Protocol::udp;
  return Protocol::sctp;
}

std::optional<Protocol> protocol_of_option(std::string_view option) {
  if (option == "-t") return Protocol::tcp;
  if (option == "-u") return Protocol::udp;
  if (option == "--sctp-service") return Protocol::sctp;
  return std::nullopt;  // -f: a firewall mark, which kube-proxy does not use
}

}  // namespace

ProxySets find_proxy_sets(std::string_view saved) {
  ProxySets sets;
  for (const std::string_view line : lines_of(saved)) {
    const auto words = words_of(line);
    if (words.size() < 3 || !is_proxy_set(words[1])) continue;
    if (words[0] == "create") sets.names.emplace_back(words[1]);
    if (words[0] != "add") continue;
    const auto protocol = protocol_of_set(words[1]);
    const auto port = port_of_member(words[2]);
    if (protocol && port) sets.node_ports.emplace(*protocol, *port);
  }
  return sets;
}

std::vector<std::string> find_proxy_servers(std::string_view saved, const std::set<Ip>& vips, const ProxySets& sets) {
  std::vector<std::string> servers;
  for (const std::string_view line : lines_of(saved)) {
    const auto words = words_of(line);
    if (words.size() < 3 || words[0] != "-A") continue;
    const auto protocol = protocol_of_option(words[1]);
    const std::size_t colon = words[2].rfind(':');
    if (!protocol || colon == std::string_view::npos) continue;
    std::string_view address = words[2].substr(0, colon);
    if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
    const auto ip = Ip::parse(address);
    const auto port = parse_port(words[2].substr(colon + 1));
    if (!ip || !port) continue;
    if (vips.contains(*ip) || sets.node_ports.contains({*protocol, *port})) {
      servers.push_back(std::string(words[1]) + " " + std::string(words[2]));
    }
  }
  return servers;
}

}  // namespace sp::takeover
