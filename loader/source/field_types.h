// SPDX-License-Identifier: Apache-2.0
// Readers of the value types that several kinds share. Each complains through the field and then returns its default,
// so that one pass over an object finds all that is wrong with it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "loader/model/meta.h"
#include "loader/source/field.h"
#include "loader/util/ip.h"

namespace sp::source {

// 1 to 65535; 0 when not present.
[[nodiscard]] std::uint16_t read_port(const Field& field);
// As read_port(), with 0 for none.
[[nodiscard]] std::uint16_t read_port_or_none(const Field& field);
// TCP when not present.
[[nodiscard]] Protocol read_protocol(const Field& field);
// Empty when not present.
[[nodiscard]] std::string read_string(const Field& field);
// Nothing when not present or "".
[[nodiscard]] std::optional<Ip> read_ip(const Field& field);
// An address that packets can be sent to from another host: none that is unspecified, loopback, link-local or
// multicast.
[[nodiscard]] std::optional<Ip> read_routable_ip(const Field& field);
// Nothing when not present or blank.
[[nodiscard]] std::optional<Prefix> read_prefix(const Field& field);
// A mapping of strings.
[[nodiscard]] model::Labels read_labels(const Field& field);
// An RFC 3339 time as seconds since the epoch; 0 when not present.
[[nodiscard]] std::int64_t read_time(const Field& field);

// "IPv4", "IPv6"
[[nodiscard]] std::string_view to_string(Family family);

// One word of a fixed list; `fallback` when not present or "".
template <typename T>
[[nodiscard]] T read_choice(const Field& field, std::initializer_list<std::pair<std::string_view, T>> choices,
                            T fallback) {
  const auto text = field.string();
  if (!text || text->empty()) {
    return fallback;
  }
  std::string words;
  for (const auto& [word, value] : choices) {
    if (word == *text) {
      return value;
    }
    words.append(words.empty() ? "" : ", ").append(word);
  }
  field.complain(field.shown() + " is not known, expected one of " + words);
  return fallback;
}

}  // namespace sp::source
