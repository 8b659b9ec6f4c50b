// SPDX-License-Identifier: Apache-2.0
// Object: one object of any kind that manifests define. What was read from one file: Reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "loader/model/cluster.h"
#include "loader/model/object_id.h"

namespace sp::source {

using model::Kind;
using model::ObjectId;
using model::to_string;
// The order is that of Kind. Manifests have no ServiceCIDRs.
using Object = std::variant<model::Service, model::EndpointSlice, model::Pod, model::Node>;

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
