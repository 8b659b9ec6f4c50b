// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/pod_ways.h"

#include <utility>

#include "loader/util/log.h"
#include "maps/device.h"

namespace sp::agent {

void PodWays::refresh(const std::vector<const node::Device*>& devices, Clock::time_point now) {
  if (delivery_ == LocalDelivery::stack) {
    return;
  }
  std::map<std::uint32_t, Way> ways;
  std::vector<std::string> problems;
  for (const node::Device* device : devices) {
    const auto known = ways_.find(device->ifindex);
    // GRO that is switched on while the Pod's end is down opens nothing: the driver looks at it when this end or GRO
    // changes, and then asks whether the other is up.
    if (delivery_ == LocalDelivery::xdp && !device->up && known == ways_.end()) {
      continue;
    }
    const bool current = known != ways_.end() && known->second.peer_namespace == device->peer_namespace &&
                         known->second.peer_ifindex == device->peer_ifindex &&
                         (known->second.problem.empty() || now < known->second.retry_at);
    Way way = current ? std::move(known->second) : open(*device, now);
    if (!way.problem.empty()) {
      problems.push_back("device " + device->name + ": the stack delivers to its Pod: " + way.problem);
    }
    ways.emplace(device->ifindex, std::move(way));
  }
  ways_ = std::move(ways);
  closed_.update(std::move(problems));
}

std::uint32_t PodWays::flags(std::uint32_t ifindex) const {
  const auto way = ways_.find(ifindex);
  return way == ways_.end() ? 0 : way->second.flags;
}

PodWays::Way PodWays::open(const node::Device& device, Clock::time_point now) {
  Way way{device.peer_namespace, device.peer_ifindex, 0, "", now + kRetry};
  if (device.kind != "veth" || !device.peer_elsewhere) {
    // A virtual machine's tap, or a bridge: there is no other end to deliver to.
    return way;
  }
  if (delivery_ == LocalDelivery::peer) {
    way.flags = SP_DEVICE_PEER;
  } else if (const auto admitted = ends_.admit_xdp(device); admitted) {
    way.flags = SP_DEVICE_PEER | SP_DEVICE_XDP_TX;
  } else {
    way.problem = admitted.error().text();
  }
  if (way.flags != 0) {
    log::debug("pod-device", "open way into the Pod device={} ifindex={}", device.name, device.ifindex);
  }
  return way;
}

}  // namespace sp::agent
