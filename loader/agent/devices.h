// SPDX-License-Identifier: Apache-2.0
// Devices: which network devices carry our programs, and what the packet path knows of each.
//
// Promises: one device that fails never keeps another from working; a device that disappears is attached again when it
// comes back; a device that merely loses its default route stays attached, for its connections are still there (I6).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "loader/kernel/data_plane.h"
#include "loader/node/facts.h"
#include "loader/util/notices.h"
#include "loader/util/result.h"

namespace sp::agent {

// What to attach to now, and the names that were asked for and do not exist.
struct Wanted {
  std::vector<node::Device> devices;
  std::vector<std::string> missing;
};

// The named devices; when there are no names, those with a default route and those that are `attached` already.
[[nodiscard]] Wanted wanted_devices(const std::vector<std::string>& names, const node::Facts& facts,
                                    const std::vector<node::Device>& default_route,
                                    const std::set<std::uint32_t>& attached);

// Fails when a named device does not exist, with the names that do.
[[nodiscard]] Result<void> check_names(const std::vector<std::string>& names, const node::Facts& facts);

// The row of sp_devices. snat4 and snat6 are the first address of the family on the device, a secondary or temporary
// one only if there is no other; a device without one (an unnumbered link) borrows from its master, else from `lo`, as
// the kernel does.
[[nodiscard]] sp_device_val device_row(const node::Device& device, const node::Facts& facts, bool xdp_tx);

class Devices {
 public:
  // `plane` must outlive this. No names: devices with a default route.
  Devices(kernel::DataPlane& plane, std::vector<std::string> names);

  // Fails when a named device does not exist, or when no device could be attached. Detaches from the devices of an
  // earlier agent that are no longer named.
  [[nodiscard]] Result<void> start(const node::Facts& facts, const std::vector<node::Device>& default_route);
  // Follows the facts. Cheap when nothing changed; tries again what failed.
  void reconcile(const node::Facts& facts, const std::vector<node::Device>& default_route);

  [[nodiscard]] std::vector<std::string> names() const;
  // Of all that are wanted, also where attaching has failed.
  [[nodiscard]] const std::vector<std::uint32_t>& ifindexes() const { return wanted_; }

 private:
  struct Carrier {
    node::Device device;
    kernel::XdpMode mode = kernel::XdpMode::native;
    sp_device_val row{};
  };
  // Every sentence about what did not work.
  std::vector<std::string> follow(const Wanted& wanted, const node::Facts& facts);
  void withdraw_unnamed(const Wanted& wanted, const node::Facts& facts);
  Result<void> attach(const node::Device& device, const node::Facts& facts);
  Result<void> store_row(Carrier& carrier, const node::Facts& facts);
  void drop_vanished(const node::Facts& facts);
  [[nodiscard]] bool can_transmit(kernel::XdpMode mode) const;

  kernel::DataPlane& plane_;
  std::vector<std::string> names_;
  std::vector<std::uint32_t> wanted_;
  std::map<std::uint32_t, Carrier> carriers_;
  std::set<std::uint32_t> attached_;  // those of an earlier agent that could not be adopted, too
  Notices missing_{log::Level::warn, "device"};
  Notices failed_{log::Level::error, "device"};
};

}  // namespace sp::agent
