// SPDX-License-Identifier: Apache-2.0
// ObjectId: which object of which kind; what sources, the compile step and messages call an object by.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "loader/model/meta.h"

namespace sp::model {

enum class Kind : std::uint8_t { service, endpoint_slice, pod, node, service_cidr };

// "Service", "EndpointSlice", "Pod", "Node", "ServiceCIDR": the spelling of Kubernetes.
[[nodiscard]] inline std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::service:
      return "Service";
    case Kind::endpoint_slice:
      return "EndpointSlice";
    case Kind::pod:
      return "Pod";
    case Kind::node:
      return "Node";
    case Kind::service_cidr:
      break;
  }
  return "ServiceCIDR";
}

struct ObjectId {
  Kind kind = Kind::service;
  ObjectKey key;
  auto operator<=>(const ObjectId&) const = default;
  // "Service default/web"
  [[nodiscard]] std::string text() const { return std::string(to_string(kind)) + " " + key.text(); }
};

}  // namespace sp::model
