// SPDX-License-Identifier: Apache-2.0
// Watcher: keeps Facts equal to what the kernel says of this node, and tells when cached next hops may be wrong.
//
// Promises: refresh() never waits for an event; lost events (a full socket buffer) lead to a full new look and count
// as a change of routes. Sees the network namespace of the thread that called open(). Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "loader/node/facts.h"
#include "loader/util/result.h"

namespace sp::node {

class Watcher {
 public:
  // Subscribes, then reads everything, so that no change falls in between. `node_name` is lower-cased.
  [[nodiscard]] static Result<Watcher> open(std::string node_name);

  Watcher(Watcher&&) noexcept;
  Watcher& operator=(Watcher&&) noexcept;
  ~Watcher();

  // Readable when refresh() has something to do. Constant over the object's life.
  [[nodiscard]] int fd() const;

  struct Update {
    bool facts_changed = false;
    // A route, a device, or the link-layer address of a device or neighbour changed: the route epoch must be bumped.
    bool routes_changed = false;
  };
  // Takes what happened since the last call.
  [[nodiscard]] Update refresh();
  [[nodiscard]] const Facts& facts() const;

  // Devices that have a default route in the main table, in either family. Empty, with a log line, when the kernel
  // does not answer.
  [[nodiscard]] std::vector<Device> default_route_devices() const;

  // Has the kernel resolve a next hop now and keep it resolved for as long as the device lives (NTF_EXT_MANAGED).
  [[nodiscard]] Result<void> keep_neighbour(std::uint32_t ifindex, const Ip& ip);

 private:
  struct State;
  explicit Watcher(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sp::node
