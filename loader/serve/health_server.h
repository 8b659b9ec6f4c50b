// SPDX-License-Identifier: Apache-2.0
// The pages of the health server: /healthz for load balancers, /livez for the kubelet.
#pragma once

#include <cstdint>
#include <functional>

#include "loader/serve/health.h"
#include "loader/serve/http_server.h"

namespace sp::serve {

enum class Probe : std::uint8_t { healthz, livez };

// `health` must outlive the handler. `answered` hears of each answer (kubeproxy_proxy_healthz_total); may be empty.
[[nodiscard]] Handler health_pages(const Health& health, std::function<Moment()> clock,
                                   std::function<void(Probe, int status)> answered);

}  // namespace sp::serve
