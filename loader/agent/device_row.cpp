// SPDX-License-Identifier: Apache-2.0
// The pure half of Devices and PodDevices: facts in, choices and rows out.
#include <algorithm>
#include <optional>

#include "loader/agent/devices.h"
#include "loader/agent/pod_devices.h"

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

// What the kernel chooses for a device without an address of its own.
std::optional<Ip> source_address(const node::Device& device, const node::Facts& facts, Family family) {
  for (const std::uint32_t ifindex : {device.ifindex, device.master}) {
    if (const auto own = first_address(facts, ifindex, family)) {
      return own;
    }
  }
  const auto lo = std::find_if(facts.devices.begin(), facts.devices.end(),
                               [](const node::Device& candidate) { return candidate.name == "lo"; });
  return lo == facts.devices.end() ? std::nullopt : first_address(facts, lo->ifindex, family);
}

// Asked for each of hundreds of devices: a family that the node lacks must not be searched for on all of them.
std::optional<Ip> any_address(const node::Facts& facts, Family family) {
  const auto is_of_family = [family](const node::Address& address) {
    return address.ip.family() == family && !address.ip.is_loopback();
  };
  if (std::none_of(facts.addresses.begin(), facts.addresses.end(), is_of_family)) {
    return std::nullopt;
  }
  for (const node::Device& device : facts.devices) {
    if (const auto address = first_address(facts, device.ifindex, family)) {
      return address;
    }
  }
  return std::nullopt;
}

sp_device_val row_of(const node::Device& device, const std::optional<Ip>& snat4, const std::optional<Ip>& snat6) {
  sp_device_val row{};
  row.mtu = device.mtu;
  if (snat4) {
    row.snat4 = snat4->raw();
    row.flags |= SP_DEVICE_HAS_SNAT4;
  }
  if (snat6) {
    row.snat6 = snat6->raw();
    row.flags |= SP_DEVICE_HAS_SNAT6;
  }
  return row;
}

bool counts_as_pods(const DetectLocal& detect_local, const node::Device& device, const node::Facts& facts) {
  switch (detect_local.mode) {
    case DetectLocal::Mode::none:
      return true;
    case DetectLocal::Mode::devices:
      return matches_any(detect_local.devices, device.name) ||
             (device.master != 0 && matches_any(detect_local.devices, node::device_name(facts, device.master)));
    case DetectLocal::Mode::cluster_cidr:
    case DetectLocal::Mode::node_cidr:
      break;
  }
  return false;
}

void add_once(std::vector<node::Device>& devices, const node::Device& device) {
  if (std::none_of(devices.begin(), devices.end(),
                   [&device](const node::Device& other) { return other.ifindex == device.ifindex; })) {
    devices.push_back(device);
  }
}

}  // namespace

Wanted wanted_devices(const std::vector<std::string>& names, const node::Facts& facts,
                      const std::vector<node::Device>& default_route, const std::set<std::uint32_t>& attached) {
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
    if (attached.contains(device.ifindex)) {
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
  sp_device_val row =
      row_of(device, source_address(device, facts, Family::v4), source_address(device, facts, Family::v6));
  row.flags |= xdp_tx ? SP_DEVICE_XDP_TX : 0;
  return row;
}

std::vector<const node::Device*> wanted_pod_devices(const PodDeviceChoice& choice, const node::Facts& facts,
                                                    const std::vector<std::uint32_t>& external) {
  const auto faces_clients = [&](std::uint32_t ifindex) {
    return std::find(external.begin(), external.end(), ifindex) != external.end();
  };
  std::vector<const node::Device*> wanted;
  for (const node::Device& device : facts.devices) {
    // The uplink of a bridge that faces clients may well be a veth.
    const bool port = choice.automatic && faces_clients(device.master);
    if (is_chosen(choice, device) && !faces_clients(device.ifindex) && !port) {
      wanted.push_back(&device);
    }
  }
  return wanted;
}

sp_device_val pod_device_row(const node::Device& device, const node::Facts& facts, const DetectLocal& detect_local) {
  const auto source = [&](Family family) {
    const auto near = source_address(device, facts, family);
    return near ? near : any_address(facts, family);
  };
  sp_device_val row = row_of(device, source(Family::v4), source(Family::v6));
  row.flags |= counts_as_pods(detect_local, device, facts) ? SP_DEVICE_PODS : 0;
  return row;
}

}  // namespace sp::agent
