// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/pod_device_choice.h"

#include <algorithm>

namespace sp::agent {

bool matches(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) {
    return pattern == name;
  }
  pattern.remove_suffix(1);
  return name.starts_with(pattern);
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [name](const std::string& pattern) { return matches(pattern, name); });
}

bool is_chosen(const PodDeviceChoice& choice, const node::Device& device) {
  if (device.name == "lo") {
    return false;
  }
  if (!choice.automatic) {
    return matches_any(choice.patterns, device.name);
  }
  return (device.kind == "veth" && device.peer_elsewhere) || device.kind == "tap";
}

}  // namespace sp::agent
