// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/pod_devices.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sp::agent {
namespace {

bool contains(const std::vector<std::uint32_t>& ifindexes, std::uint32_t ifindex) {
  return std::find(ifindexes.begin(), ifindexes.end(), ifindex) != ifindexes.end();
}

bool contains(const std::vector<const node::Device*>& devices, std::uint32_t ifindex) {
  return std::any_of(devices.begin(), devices.end(),
                     [ifindex](const node::Device* device) { return device->ifindex == ifindex; });
}

}  // namespace

PodDevices::PodDevices(kernel::DataPlane& plane, const Config& config)
    : plane_(plane), choice_(config.pod_devices), detect_local_(config.detect_local), ways_(config.local_delivery) {}

void PodDevices::start(const node::Facts& facts, const std::vector<std::uint32_t>& external) {
  earlier_ = plane_.attached_pods();
  const std::size_t found = earlier_.size();
  reconcile(facts, external);
  log::info("pod-device", "attached devices={} earlier={}", carriers_.size(), found);
}

void PodDevices::reconcile(const node::Facts& facts, const std::vector<std::uint32_t>& external) {
  const Wanted wanted = wanted_pod_devices(choice_, facts, external);
  const auto leaves = [&](std::uint32_t ifindex, const std::string& name) {
    if (contains(wanted, ifindex)) {
      return false;
    }
    withdraw(ifindex, name, external);
    return true;
  };
  std::erase_if(carriers_, [&](const auto& entry) { return leaves(entry.first, entry.second.name); });
  std::erase_if(earlier_, [&](std::uint32_t ifindex) { return leaves(ifindex, node::device_name(facts, ifindex)); });
  follow(wanted, facts);
}

void PodDevices::follow(const Wanted& wanted, const node::Facts& facts) {
  std::vector<std::string> failures;
  ways_.refresh(wanted);
  for (const node::Device* device : wanted) {
    sp_device_val row = pod_device_row(*device, facts, detect_local_);
    row.flags |= ways_.flags(device->ifindex);
    const auto carrier = carriers_.find(device->ifindex);
    const Result<void> followed =
        carrier == carriers_.end() ? attach(*device, row) : store_row(device->ifindex, carrier->second, row);
    // Devices of Pods go without a word: netlink will tell.
    if (!followed && followed.error().err != ENODEV) {
      failures.push_back(followed.error().text());
    }
  }
  failed_.update(std::move(failures));
  if (std::exchange(ways_changed_, false)) {
    plane_.bump_route_epoch();
  }
}

Result<void> PodDevices::attach(const node::Device& device, const sp_device_val& row) {
  const bool adopted = contains(earlier_, device.ifindex);
  Carrier carrier{device.name, row};
  // As for devices that face clients: the row comes first.
  SP_TRY(set_device(device.ifindex, device.name, carrier.row));
  if (auto attached = plane_.attach_pods(device.ifindex, device.name); !attached) {
    if (!adopted) {
      // Half an attachment is none. Best effort: the attachment's error is the one to report.
      static_cast<void>(plane_.detach_pods(device.ifindex));
      static_cast<void>(plane_.erase_device(device.ifindex));
    }
    return attached;
  }
  std::erase(earlier_, device.ifindex);
  log::debug("pod-device", "attached device={} ifindex={} adopted={}", device.name, device.ifindex,
             adopted ? "yes" : "no");
  carriers_.emplace(device.ifindex, std::move(carrier));
  ways_changed_ = ways_changed_ || adopted || (row.flags & SP_DEVICE_PEER) != 0;
  return {};
}

Result<void> PodDevices::store_row(std::uint32_t ifindex, Carrier& carrier, const sp_device_val& row) {
  if (std::memcmp(&row, &carrier.row, sizeof row) == 0) {
    return {};
  }
  SP_TRY(set_device(ifindex, carrier.name, row));
  constexpr std::uint32_t kWay = SP_DEVICE_PEER | SP_DEVICE_XDP_TX;
  ways_changed_ = ways_changed_ || ((row.flags ^ carrier.row.flags) & kWay) != 0;
  carrier.row = row;
  return {};
}

// A map that is full does not know for whom.
Result<void> PodDevices::set_device(std::uint32_t ifindex, const std::string& name, const sp_device_val& row) {
  auto stored = plane_.set_device(ifindex, row);
  if (!stored) {
    return Error{stored.error().err, "device " + name + ": " + stored.error().what, stored.error().at};
  }
  return stored;
}

void PodDevices::withdraw(std::uint32_t ifindex, const std::string& name, const std::vector<std::uint32_t>& external) {
  const auto detached = plane_.detach_pods(ifindex);
  // One that faces clients now has a row of that kind.
  const auto erased = contains(external, ifindex) ? Result<void>() : plane_.erase_device(ifindex);
  if (detached && erased) {
    log::debug("pod-device", "detached device={} ifindex={}", name, ifindex);
  } else {
    log::warn("pod-device", "detached device={} ifindex={} error={}", name, ifindex,
              (detached ? erased : detached).error().text());
  }
}

}  // namespace sp::agent
