// SPDX-License-Identifier: Apache-2.0
// Flags of kube-proxy: from what was typed to a ProxyConfig. Pure.
#pragma once

#include <string>
#include <vector>

#include "loader/proxy/config.h"

namespace sp::proxy {

// One flag as it was typed: {"cluster-cidr", "10.0.0.0/8"}, a switch without a value as {"masquerade-all", "true"}.
struct GivenFlag {
  std::string flag;
  std::string text;
  bool operator==(const GivenFlag&) const = default;
};

// Applies flags in their order; later ones win, lists grow. Returns what is wrong, one sentence each.
[[nodiscard]] std::vector<std::string> apply_flags(const std::vector<GivenFlag>& flags, ProxyConfig& config);

// Whether a flag counts even when a KubeProxyConfiguration is given by --config.
[[nodiscard]] bool beats_file(const std::string& flag);

}  // namespace sp::proxy
