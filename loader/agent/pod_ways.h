// SPDX-License-Identifier: Apache-2.0
// PodWays: the short way into its Pod that each Pod's device has open, as the packet path is told of it
// (maps/device.h).
//
// Promises: a device whose way is known costs no system call; one that has none for now is named once, and tried again
// every kRetry. What has no way open is left to the stack.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "loader/agent/local_delivery.h"
#include "loader/agent/pod_ends.h"
#include "loader/node/facts.h"
#include "loader/util/notices.h"

namespace sp::agent {

class PodWays {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kRetry{10};

  // `ends` finds the other ends.
  explicit PodWays(LocalDelivery delivery, PodEnds ends = PodEnds()) : delivery_(delivery), ends_(std::move(ends)) {}

  // Opens the ways of `devices` and forgets those of others. One whose Pod is not up yet waits for it.
  void refresh(const std::vector<const node::Device*>& devices, Clock::time_point now = Clock::now());

  // SP_DEVICE_PEER, with SP_DEVICE_XDP_TX for XDP; 0 where the stack delivers.
  [[nodiscard]] std::uint32_t flags(std::uint32_t ifindex) const;

 private:
  struct Way {
    std::int32_t peer_namespace = 0;
    std::uint32_t peer_ifindex = 0;
    std::uint32_t flags = 0;
    std::string problem;  // empty: as good as it gets
    Clock::time_point retry_at;
  };
  Way open(const node::Device& device, Clock::time_point now);

  LocalDelivery delivery_;
  PodEnds ends_;
  std::map<std::uint32_t, Way> ways_;  // by ifindex
  Notices closed_{log::Level::warn, "pod-device"};
};

}  // namespace sp::agent
