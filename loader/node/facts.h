// SPDX-License-Identifier: Apache-2.0
// Facts: what netlink knows of this node, as far as rows depend on it. Value type; filled by node/watcher.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/util/ip.h"

namespace sp::node {

struct Address {
  Ip ip;
  std::uint32_t ifindex = 0;
  unsigned prefix_bits = 0;
  bool secondary = false;

  bool operator==(const Address&) const = default;
};

struct Device {
  std::uint32_t ifindex = 0;
  std::string name;
  std::uint32_t mtu = 0;  // bytes of an IP packet
  bool up = false;
  std::string kind{};           // "veth", "bridge", "tap", "tun" ...; empty: hardware, or the loopback
  bool peer_elsewhere = false;  // its other end is in another network namespace
  std::uint32_t master = 0;     // ifindex of the bridge or bond that it is a port of; 0 = none
  // With peer_elsewhere: this namespace's number for that one (node/namespace_id.h), and the other end's ifindex there.
  std::int32_t peer_namespace = 0;
  std::uint32_t peer_ifindex = 0;

  bool operator==(const Device&) const = default;
};

struct Facts {
  std::string node_name;  // lower case
  std::vector<Device> devices;
  // Every address of type LOCAL, link-local ones left out, in the kernel's order.
  std::vector<Address> addresses;

  bool operator==(const Facts&) const = default;
};

// Of a device that is not there (any more): its number.
[[nodiscard]] inline std::string device_name(const Facts& facts, std::uint32_t ifindex) {
  for (const Device& device : facts.devices) {
    if (device.ifindex == ifindex) {
      return device.name;
    }
  }
  return std::to_string(ifindex);
}

}  // namespace sp::node
