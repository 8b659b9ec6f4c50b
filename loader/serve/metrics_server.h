// SPDX-License-Identifier: Apache-2.0
// The pages of the metrics server: /metrics, /healthz, /proxyMode, /configz, /statusz.
#pragma once

#include <functional>
#include <string>

#include "loader/serve/http_server.h"

namespace sp::serve {

// kube-proxy's modes are its backends; ours is another one, and /proxyMode says so.
inline constexpr const char* kProxyMode = "xdp";

struct MetricsPages {
  std::function<std::string()> metrics;  // Prometheus text format 0.0.4
  std::function<std::string()> configz;  // JSON; empty = no such page
  std::function<std::string()> statusz;  // text; empty = no such page
};

[[nodiscard]] Handler metrics_pages(MetricsPages pages);

}  // namespace sp::serve
