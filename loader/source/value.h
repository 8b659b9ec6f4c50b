// SPDX-License-Identifier: Apache-2.0
// Value: a parsed YAML or JSON document as a plain tree, with what complaints need: quoting and position.
//
// Ours and not YAML::Node, because its tree tells neither a quoted scalar from a plain one nor a key that is given
// twice, and shares one memory pool without bounds: here aliases are copied and count against a limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loader/util/result.h"

namespace sp::source {

struct Value {
  enum class Kind : std::uint8_t { null, scalar, list, map };

  Kind kind = Kind::null;
  bool quoted = false;            // a scalar that is a string whatever it looks like: "80", 'true', a block
  bool has_repeated_key = false;  // a map in which `repeated_key` stands more than once
  std::string text;               // of a scalar; of a map, the repeated key
  std::vector<Value> items;       // of a list; of a map, the values in the order of `keys`
  std::vector<std::string> keys;  // of a map only

  // The member `key` of a map; null when there is none. The first one wins where a key is repeated.
  [[nodiscard]] const Value* find(std::string_view key) const;
};

// What stands where something else was expected, for complaints: a scalar in quotes, cut short, or its kind.
[[nodiscard]] std::string shown(const Value& value);

// More values than this in one document are refused. They take about 200 MB of memory; an EndpointSliceList of 100,000
// endpoints has a third as many.
constexpr std::size_t kMaxValues = 2'000'000;

// Reads every document of `text`; `first_line` (counted from 1) is the line of the file at which `text` begins. JSON is
// read as the YAML that it is. An empty document is a null. The error names line and column.
[[nodiscard]] Result<std::vector<Value>> parse_yaml(std::string_view text, std::size_t first_line);

}  // namespace sp::source
