// SPDX-License-Identifier: Apache-2.0
// The pure half of Devices: facts in, choices and rows out.
#include <algorithm>
#include <optional>

#include "loader/agent/devices.h"

namespace sp::agent {
namespace {

std::optional<Ip> first_address(const node::Facts& facts, std::uint32_t ifindex, Family family) {
  std::optional<Ip> secondary;
  for (const node::Address& address : facts.addresses) {
    if (address.ifindex != ifindex || address.ip.family() != family || address.ip.is_loopback() ||
        address.ip.is_link_local()) {
      continue;
    }
    if (!address.secondary) {
      return address.ip;
    }
    if (!secondary) {
      secondary = address.ip;
    }
  }
  return secondary;
}

std::optional<Ip> source_address(const node::Device& device, const node::Facts& facts, Family family) {
  if (const auto own = first_address(facts, device.ifindex, family)) {
    return own;
  }
  const auto lo = std::find_if(facts.devices.begin(), facts.devices.end(),
                               [](const node::Device& candidate) { return candidate.name == "lo"; });
  return lo == facts.devices.end() ? std::nullopt : first_address(facts, lo->ifindex, family);
}

void add_once(std::vector<node::Device>& devices, const node::Device& device) {
  if (std::none_of(devices.begin(), devices.end(),
                   [&device](const node::Device& other) { return other.ifindex == device.ifindex; })) {
    devices.push_back(device);
  }
}

}  // namespace

Wanted wanted_devices(const std::vector<std::string>& names, const node::Facts& facts,
                      const std::vector<node::Device>& default_route, const std::vector<std::uint32_t>& attached) {
  Wanted wanted;
  for (const std::string& name : names) {
    const auto found = std::find_if(facts.devices.begin(), facts.devices.end(),
                                    [&name](const node::Device& device) { return device.name == name; });
    if (found == facts.devices.end()) {
      wanted.missing.push_back(name);
    } else {
      add_once(wanted.devices, *found);
    }
  }
  if (!names.empty()) {
    return wanted;
  }
  for (const node::Device& device : default_route) {
    add_once(wanted.devices, device);
  }
  for (const node::Device& device : facts.devices) {
    if (std::find(attached.begin(), attached.end(), device.ifindex) != attached.end()) {
      add_once(wanted.devices, device);
    }
  }
  return wanted;
}

Result<void> check_names(const std::vector<std::string>& names, const node::Facts& facts) {
  const Wanted wanted = wanted_devices(names, facts, {}, {});
  if (wanted.missing.empty()) {
    return {};
  }
  std::string known;
  for (const node::Device& device : facts.devices) {
    known += (known.empty() ? "" : ", ") + device.name;
  }
  return Error{0, "--device " + wanted.missing.front() + ": no such device: expected one of " + known};
}

sp_device_val device_row(const node::Device& device, const node::Facts& facts, bool xdp_tx) {
  sp_device_val row{};
  row.mtu = device.mtu;
  row.flags = xdp_tx ? SP_DEVICE_XDP_TX : 0;
  if (const auto snat4 = source_address(device, facts, Family::v4)) {
    row.snat4 = snat4->raw();
    row.flags |= SP_DEVICE_HAS_SNAT4;
  }
  if (const auto snat6 = source_address(device, facts, Family::v6)) {
    row.snat6 = snat6->raw();
    row.flags |= SP_DEVICE_HAS_SNAT6;
  }
  return row;
}

}  // namespace sp::agent
