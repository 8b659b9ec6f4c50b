// SPDX-License-Identifier: Apache-2.0
// Service::Call: one request on its way through the service. Internal to service*.cpp.
#pragma once

#include "tests/harness/fake_api/service.h"

namespace sp::fake_api {

struct Service::Call {
  const HttpRequest& request;
  ShapedReply& reply;
  Place place = {};
  Query query = {};
  std::string verb = {};  // as authorisation calls it
  std::string user = {};
  std::optional<Fault> fault = {};

  [[nodiscard]] const Resource& resource() const { return *place.resource; }
};

// The headers of every answer, Date included.
[[nodiscard]] Headers answer_headers(const Settings& settings, const std::string& content_type);

}  // namespace sp::fake_api
