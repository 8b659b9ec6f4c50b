// SPDX-License-Identifier: Apache-2.0
// Object: one object of any kind that is programmed, and its identity. What was read from one file: Reading.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "loader/model/cluster.h"

namespace sp::source {

// The order is that of Object's alternatives.
enum class Kind : std::uint8_t { service, endpoint_slice, pod, node };
using Object = std::variant<model::Service, model::EndpointSlice, model::Pod, model::Node>;

// "Service", "EndpointSlice", "Pod", "Node": the spelling of Kubernetes.
[[nodiscard]] std::string_view to_string(Kind kind);

struct ObjectId {
  Kind kind = Kind::service;
  model::ObjectKey key;
  auto operator<=>(const ObjectId&) const = default;
  // "Service default/web"
  [[nodiscard]] std::string text() const { return std::string(to_string(kind)) + " " + key.text(); }
};

// A document that says which object it is. Without an `object` it was rejected.
struct Definition {
  ObjectId id;
  std::size_t document = 0;  // counted from 1
  std::optional<Object> object;
};

// A part of a file that cannot be told to be about one object, such as a document without a name or one that does not
// parse. What the file defined before and now lacks may be in there, so it stays in force.
struct Doubt {
  std::optional<Kind> kind;             // none: of any kind
  std::optional<model::ObjectKey> key;  // none: of any name
  [[nodiscard]] bool covers(const ObjectId& id) const {
    return (!kind || *kind == id.kind) && (!key || *key == id.key);
  }
};

// What one file says. Complaints lack the name of the file.
struct Reading {
  std::vector<Definition> definitions;
  std::vector<Doubt> doubts;
  std::vector<std::string> complaints;
};

}  // namespace sp::source
