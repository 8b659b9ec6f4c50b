// SPDX-License-Identifier: Apache-2.0
// Readers of --config: each turns one value of a document into a member of Config, or into an error of one line that
// names file, key and what was expected. One table of readers per mapping says which keys exist, so that the message
// for an unknown key and the reader cannot disagree.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loader/source/value.h"
#include "loader/util/result.h"

namespace sp::agent {

// Where a message points to: the file, and the dotted key ("timeouts.tcp_close").
struct Place {
  std::string file;
  std::string key;

  [[nodiscard]] Place at(const std::string& child) const { return {file, key.empty() ? child : key + "." + child}; }
  [[nodiscard]] Place at(std::size_t index) const { return {file, key + "[" + std::to_string(index) + "]"}; }
  [[nodiscard]] Error error(const std::string& what) const {
    return Error{0, file + ": " + (key.empty() ? "" : key + ": ") + what};
  }
};

using Reader = std::function<Result<void>(const source::Value&, const Place&)>;
using Readers = std::map<std::string, Reader>;

// Every key of `node` has a reader and is given once. A key without a value keeps its default.
[[nodiscard]] Result<void> read_mapping(const source::Value& node, const Place& place, const Readers& readers);
[[nodiscard]] Reader mapping(Readers readers);
[[nodiscard]] Result<void> read_list(const source::Value& node, const Place& place, const std::string& expected,
                                     const Reader& item);

template <typename Number>
[[nodiscard]] std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), number);
  return err == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}
[[nodiscard]] Result<std::uint32_t> read_number(const source::Value& node, const Place& place, std::uint32_t min,
                                                std::uint32_t max, const std::string& unit);
[[nodiscard]] Reader boolean(bool& into);
[[nodiscard]] Error unknown_word(const source::Value& node, const Place& place, const std::vector<std::string>& words);

// One of `words`, which stand for values.
template <typename T>
[[nodiscard]] Reader word(T& into, std::map<std::string, T> words) {
  return [&into, words = std::move(words)](const source::Value& node, const Place& place) -> Result<void> {
    const auto found = node.kind == source::Value::Kind::scalar ? words.find(node.text) : words.end();
    if (found != words.end()) {
      into = found->second;
      return {};
    }
    std::vector<std::string> known;
    for (const auto& [text, value] : words) {
      known.push_back(text);
    }
    return unknown_word(node, place, known);
  };
}

}  // namespace sp::agent
