// SPDX-License-Identifier: Apache-2.0
// PodDevices: which devices of this node lead to its Pods and carry sp_pod_ingress and sp_pod_egress.
//
// Promises: a device that fails never keeps another from working, and is tried again; what an earlier agent attached is
// adopted in place (I6); a device that faces clients is never taken; looking costs no system call for a device that
// stays as it is, however many there are.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "loader/agent/config.h"
#include "loader/agent/pod_ways.h"
#include "loader/kernel/data_plane.h"
#include "loader/node/facts.h"
#include "loader/util/notices.h"
#include "loader/util/result.h"

namespace sp::agent {

// Those that are chosen, but for the `external` ones and, if nobody named them, the ports of these. They point into
// `facts`.
[[nodiscard]] std::vector<const node::Device*> wanted_pod_devices(const PodDeviceChoice& choice,
                                                                  const node::Facts& facts,
                                                                  const std::vector<std::uint32_t>& external);

// The row of sp_devices. Addresses as device_row(), and any of the node's where that has none: the Pod is to answer to
// this node, and a Pod's device has seldom an address.
[[nodiscard]] sp_device_val pod_device_row(const node::Device& device, const node::Facts& facts,
                                           const DetectLocal& detect_local);

class PodDevices {
 public:
  // `plane` must outlive this.
  PodDevices(kernel::DataPlane& plane, const Config& config);

  // `external`: ifindexes of the devices that face clients. Detaches from the devices of an earlier agent that are no
  // longer chosen.
  void start(const node::Facts& facts, const std::vector<std::uint32_t>& external);
  // Follows the facts; tries again what failed.
  void reconcile(const node::Facts& facts, const std::vector<std::uint32_t>& external);

  [[nodiscard]] std::size_t size() const { return carriers_.size(); }

 private:
  struct Carrier {
    std::string name;
    sp_device_val row{};
  };
  using Wanted = std::vector<const node::Device*>;
  void follow(const Wanted& wanted, const node::Facts& facts);
  Result<void> attach(const node::Device& device, const sp_device_val& row);
  Result<void> set_device(std::uint32_t ifindex, const std::string& name, const sp_device_val& row);
  Result<void> store_row(std::uint32_t ifindex, Carrier& carrier, const sp_device_val& row);
  void withdraw(std::uint32_t ifindex, const std::string& name, const std::vector<std::uint32_t>& external);

  kernel::DataPlane& plane_;
  PodDeviceChoice choice_;
  DetectLocal detect_local_;
  std::map<std::uint32_t, Carrier> carriers_;
  PodWays ways_;
  bool ways_changed_ = false;           // flows have not been told yet
  std::vector<std::uint32_t> earlier_;  // of an earlier agent, sorted; not adopted yet
  Notices failed_{log::Level::error, "pod-device"};
};

}  // namespace sp::agent
