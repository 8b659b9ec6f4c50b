// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/host_settings.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>

namespace sp::agent {
namespace {

std::optional<std::string> read_text(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) {
    return std::nullopt;
  }
  return std::string{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

bool is_zero(const std::filesystem::path& file) {
  const auto text = read_text(file);
  return text && text->starts_with("0");
}

bool has_ipv6(const std::string& device, const node::Facts& facts) {
  return std::any_of(facts.devices.begin(), facts.devices.end(), [&](const node::Device& candidate) {
    return candidate.name == device &&
           std::any_of(facts.addresses.begin(), facts.addresses.end(), [&candidate](const node::Address& address) {
             return address.ifindex == candidate.ifindex && address.ip.family() == Family::v6;
           });
  });
}

// The devices' names in a sentence.
std::string listed(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

// The part of `range` that the kernel may give to a local socket: from the first to the last port that is not reserved.
std::optional<PortRange> usable_part(const PortRange& range, const std::vector<PortRange>& reserved) {
  const auto is_reserved = [&reserved](unsigned port) {
    return std::any_of(reserved.begin(), reserved.end(),
                       [port](const PortRange& entry) { return entry.first <= port && port <= entry.last; });
  };
  unsigned first = range.first;
  unsigned last = range.last;
  while (first <= last && is_reserved(first)) {
    ++first;
  }
  while (last > first && is_reserved(last)) {
    --last;
  }
  if (first > last) {
    return std::nullopt;
  }
  return PortRange{static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)};
}

}  // namespace

std::vector<PortRange> parse_port_ranges(const std::string& text) {
  std::vector<PortRange> ranges;
  std::string spaced = text;
  std::replace(spaced.begin(), spaced.end(), ',', ' ');
  std::istringstream words(spaced);
  for (std::string word; words >> word;) {
    unsigned first = 0;
    unsigned last = 0;
    char rest = 0;
    const int fields = std::sscanf(word.c_str(), "%u-%u%c", &first, &last, &rest);
    if (fields == 1) {
      last = first;
    }
    if ((fields == 1 || fields == 2) && first <= last && last <= 65535) {
      ranges.push_back({static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)});
    }
  }
  return ranges;
}

HostSettings read_host_settings(const std::filesystem::path& proc, const std::vector<std::string>& devices,
                                const node::Facts& facts) {
  HostSettings settings;
  for (const std::string& device : devices) {
    // The FIB lookup of a packet asks the device that it arrived on, not the global switch.
    if (is_zero(proc / "ipv4/conf" / device / "forwarding")) {
      settings.closed4.push_back(device);
    }
    if (has_ipv6(device, facts) && is_zero(proc / "ipv6/conf" / device / "forwarding")) {
      settings.closed6.push_back(device);
    }
  }
  if (const auto text = read_text(proc / "ipv4/ip_local_port_range")) {
    unsigned first = 0;
    unsigned last = 0;
    if (std::sscanf(text->c_str(), "%u %u", &first, &last) == 2 && first <= last && last <= 65535) {
      settings.ephemeral = {static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)};
    }
  }
  settings.reserved = parse_port_ranges(read_text(proc / "ipv4/ip_local_reserved_ports").value_or(""));
  return settings;
}

std::vector<std::string> host_advice(const HostSettings& settings, const std::vector<PortRange>& snat_ports) {
  std::vector<std::string> advice;
  if (!settings.closed4.empty()) {
    advice.push_back(
        fmt::format("IPv4 forwarding is off on {}: packets for Pods and other nodes are dropped: run "
                    "sysctl -w net.ipv4.ip_forward=1",
                    listed(settings.closed4)));
  }
  if (!settings.closed6.empty()) {
    advice.push_back(
        fmt::format("IPv6 forwarding is off on {}: packets for Pods and other nodes are dropped: run "
                    "sysctl -w net.ipv6.conf.all.forwarding=1",
                    listed(settings.closed6)));
  }
  for (const PortRange& range : snat_ports) {
    if (!range.overlaps(settings.ephemeral)) {
      continue;
    }
    const PortRange common{std::max(range.first, settings.ephemeral.first),
                           std::min(range.last, settings.ephemeral.last)};
    if (const auto shared = usable_part(common, settings.reserved)) {
      advice.push_back(fmt::format(
          "snat_ports {} and net.ipv4.ip_local_port_range {} share {}: a connection of this node can take a port that "
          "a "
          "translated one uses: run sysctl -w net.ipv4.ip_local_reserved_ports={} or change snat_ports in --config",
          range.text(), settings.ephemeral.text(), shared->text(), shared->text()));
    }
  }
  return advice;
}

std::vector<std::string> node_port_clashes(const compile::Desired& desired, const std::vector<PortRange>& snat_ports) {
  // A nodePort has a row for each address and scope: one sentence for all of them.
  std::map<std::uint16_t, std::string> clashes;
  for (const auto& [frontend, row] : desired.frontends) {
    if (row.kind != SP_KIND_NODE_PORT) {
      continue;
    }
    for (const PortRange& range : snat_ports) {
      if (range.contains(frontend.port)) {
        clashes.try_emplace(
            frontend.port, fmt::format("nodePort {} of {} lies in snat_ports {}: change snat_ports in --config so that "
                                       "it leaves nodePorts out",
                                       frontend.port, row.service.text(), range.text()));
      }
    }
  }
  std::vector<std::string> sentences;
  for (auto& [port, sentence] : clashes) {
    sentences.push_back(std::move(sentence));
  }
  return sentences;
}

}  // namespace sp::agent
