// SPDX-License-Identifier: Apache-2.0
#include "loader/serve/metrics_server.h"

#include <utility>

namespace sp::serve {
namespace {

constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

Response plain(std::string text) {
  return {.body = std::move(text), .headers = {{"X-Content-Type-Options", "nosniff"}}};
}

}  // namespace

Handler metrics_pages(MetricsPages pages) {
  return [pages = std::move(pages)](std::string_view path) -> Response {
    if (path == "/metrics" && pages.metrics) {
      return {.content_type = kMetricsType, .body = pages.metrics()};
    }
    if (path == "/healthz") {
      return plain("ok");
    }
    if (path == "/proxyMode") {
      return plain(kProxyMode);
    }
    if (path == "/configz" && pages.configz) {
      return {.content_type = "application/json", .body = pages.configz()};
    }
    if (path == "/statusz" && pages.statusz) {
      return plain(pages.statusz());
    }
    return not_found();
  };
}

}  // namespace sp::serve
