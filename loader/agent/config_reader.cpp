// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/config_reader.h"

#include <spdlog/fmt/fmt.h>

#include "loader/util/closest.h"

namespace sp::agent {
namespace {

using source::Value;

std::string list_of(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

Result<void> read_mapping(const Value& node, const Place& place, const Readers& readers) {
  if (node.kind == Value::Kind::null) {
    return {};
  }
  std::vector<std::string> known;
  for (const auto& [key, reader] : readers) {
    known.push_back(key);
  }
  if (node.kind != Value::Kind::map) {
    return place.error("is " + shown(node) + ": expected a mapping with the keys " + list_of(known));
  }
  if (node.has_repeated_key) {
    return place.at(node.text).error("is given twice");
  }
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const std::string& key = node.keys[i];
    const auto reader = readers.find(key);
    if (reader == readers.end()) {
      const auto meant = closest(key, known);
      return place.at(key).error("unknown key: " +
                                 (meant ? "did you mean '" + *meant + "'?" : "expected one of " + list_of(known)));
    }
    if (node.items[i].kind != Value::Kind::null) {
      SP_TRY(reader->second(node.items[i], place.at(key)));
    }
  }
  return {};
}

Result<void> read_list(const Value& node, const Place& place, const std::string& expected, const Reader& item) {
  if (node.kind != Value::Kind::list) {
    return place.error("is " + shown(node) + ": expected a list of " + expected);
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    SP_TRY(item(node.items[i], place.at(i)));
  }
  return {};
}

Result<std::uint32_t> read_number(const Value& node, const Place& place, std::uint32_t min, std::uint32_t max,
                                  const std::string& unit) {
  const auto number = node.kind == Value::Kind::scalar ? parse_number<std::uint32_t>(node.text) : std::nullopt;
  if (!number || *number < min || *number > max) {
    return place.error("is " + shown(node) + ": expected a whole number of " + unit + " from " + std::to_string(min) +
                       " to " + std::to_string(max));
  }
  return *number;
}

Reader mapping(Readers readers) {
  return [readers = std::move(readers)](const Value& node, const Place& place) {
    return read_mapping(node, place, readers);
  };
}

Reader boolean(bool& into) {
  return word<bool>(into, {{"true", true}, {"false", false}});
}

Error unknown_word(const Value& node, const Place& place, const std::vector<std::string>& words) {
  const auto meant = node.kind == Value::Kind::scalar ? closest(node.text, words) : std::nullopt;
  return place.error("is " + shown(node) + ": " +
                     (meant ? "did you mean '" + *meant + "'?" : "expected one of " + list_of(words)));
}

}  // namespace sp::agent
