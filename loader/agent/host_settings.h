// SPDX-License-Identifier: Apache-2.0
// HostSettings: the sysctls that decide whether translated packets get through, and what to say about them.
//
// Must not write any: a node's sysctls belong to its operator.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "loader/agent/config.h"
#include "loader/compile/desired.h"
#include "loader/node/facts.h"

namespace sp::agent {

struct HostSettings {
  // Devices on which the kernel does not forward packets of the family.
  std::vector<std::string> closed4{};
  std::vector<std::string> closed6{};
  PortRange ephemeral{32768, 60999};  // net.ipv4.ip_local_port_range, which IPv6 uses too
  std::vector<PortRange> reserved{};  // net.ipv4.ip_local_reserved_ports

  bool operator==(const HostSettings&) const = default;
};

// `proc` is /proc/sys/net. A setting that cannot be read (IPv6 switched off, say) is left at its default. IPv6 is
// looked at on devices that have an IPv6 address only.
[[nodiscard]] HostSettings read_host_settings(const std::filesystem::path& proc,
                                              const std::vector<std::string>& devices, const node::Facts& facts);

// "1024-29999,61000-65535" or "8080" separated by commas, blanks or tabs; what is no range is left out.
[[nodiscard]] std::vector<PortRange> parse_port_ranges(const std::string& text);

// One sentence for each setting that stands in the way, with the command that mends it.
[[nodiscard]] std::vector<std::string> host_advice(const HostSettings& settings,
                                                   const std::vector<PortRange>& snat_ports);

// One sentence for each nodePort that lies in a range of source ports.
[[nodiscard]] std::vector<std::string> node_port_clashes(const compile::Desired& desired,
                                                         const std::vector<PortRange>& snat_ports);

}  // namespace sp::agent
