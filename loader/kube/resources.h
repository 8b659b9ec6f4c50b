// SPDX-License-Identifier: Apache-2.0
// Resource: which objects of the API a reflector asks for, and what messages about them say.
#pragma once

#include <string>
#include <string_view>

#include "loader/model/object_id.h"

namespace sp::kube {

struct Resource {
  std::string name;      // "endpointslices.discovery.k8s.io", as RBAC and kubectl auth can-i know it
  std::string path;      // "/apis/discovery.k8s.io/v1/endpointslices"
  std::string selector;  // "labelSelector=...", percent-encoded; may be empty
  // What servers get that do not know a field of `selector` (400); empty = none but that will do.
  std::string older_selector = {};
  std::string without;  // what does not work without it: "hostPort of Pods does not work"
  // A server that has no such resource is an old one (404), and that is fine.
  bool may_be_unknown = false;
};

[[nodiscard]] Resource resource_of(model::Kind kind, std::string_view node_name);

// Percent-encoded for a query.
[[nodiscard]] std::string query_encoded(std::string_view text);

}  // namespace sp::kube
