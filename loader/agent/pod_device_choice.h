// SPDX-License-Identifier: Apache-2.0
// PodDeviceChoice: which devices of the node lead to its Pods, as configured. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loader/node/facts.h"

namespace sp::agent {

struct PodDeviceChoice {
  // Every veth whose other end is in another network namespace, and every tap.
  bool automatic = true;
  std::vector<std::string> patterns;  // else: the devices that match one of these; none = no device

  bool operator==(const PodDeviceChoice&) const = default;
};

// "cni0", or with a * at the end the beginning of a name: "cali*".
[[nodiscard]] bool matches(std::string_view pattern, std::string_view name);
[[nodiscard]] bool matches_any(const std::vector<std::string>& patterns, std::string_view name);

// Whether a device leads to Pods. Never `lo`.
[[nodiscard]] bool is_chosen(const PodDeviceChoice& choice, const node::Device& device);

}  // namespace sp::agent
