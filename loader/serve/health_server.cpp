// SPDX-License-Identifier: Apache-2.0
#include "loader/serve/health_server.h"

#include <utility>

namespace sp::serve {

Handler health_pages(const Health& health, std::function<Moment()> clock,
                     std::function<void(Probe, int status)> answered) {
  return [&health, clock = std::move(clock), answered = std::move(answered)](std::string_view path) -> Response {
    if (path != "/healthz" && path != "/livez") {
      return not_found();
    }
    const Probe probe = path == "/healthz" ? Probe::healthz : Probe::livez;
    Health::Answer answer = probe == Probe::healthz ? health.healthz(clock()) : health.livez(clock());
    if (answered) {
      answered(probe, answer.status);
    }
    return {.status = answer.status,
            .content_type = "application/json",
            .body = std::move(answer.body),
            .headers = {{"X-Content-Type-Options", "nosniff"}}};
  };
}

}  // namespace sp::serve
