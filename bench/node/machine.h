// SPDX-License-Identifier: Apache-2.0
// Machine: a node in a network namespace of its own, with its uplink and a device that Pods are behind. Whatever it
// sends ends at the far side.
#pragma once

#include <cstdint>
#include <string>

#include "bench/node/generator.h"
#include "tests/harness/sandbox.h"

namespace sp::bench {

class Machine {
 public:
  // The namespace of the far side, for all machines: to be made once, before them.
  static void make_far_side(test::Sandbox& sandbox);
  // `name` has ten characters at most: devices are named after it.
  Machine(test::Sandbox& sandbox, Generator& generator, std::string name);

  // Switches GRO on at the Pods' end, as the agent does for XDP to transmit to it.
  void poll_pods(const test::Sandbox& sandbox) const;

  [[nodiscard]] const std::string& netns() const { return name_; }
  [[nodiscard]] std::uint32_t uplink() const { return uplink_; }
  [[nodiscard]] std::uint32_t pod_device() const { return pod_device_; }

 private:
  std::string name_;
  std::uint32_t uplink_ = 0;
  std::uint32_t pod_device_ = 0;
};

}  // namespace sp::bench
