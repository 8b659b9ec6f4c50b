// SPDX-License-Identifier: Apache-2.0
// Readers of the value types that several kinds share, in manifests and in answers of the API. Each complains through
// the field and then returns its default, so that one pass over an object finds all that is wrong with it.
//
// F is source::Field or another FieldPlace with its string(), integer(), boolean() and shown().
#pragma once

#include <chrono>
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

// What an address of a host can be: not unspecified, loopback, link-local or multicast.
[[nodiscard]] bool is_routable(const Ip& ip);
// RFC 3339, with a fraction or without.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_time(std::string_view text);
// "IPv4", "IPv6"
[[nodiscard]] std::string_view to_string(Family family);
// A mapping of strings.
[[nodiscard]] model::Labels read_labels(const Field& field);

// As read_port(), with 0 for none.
template <typename F>
[[nodiscard]] std::uint16_t read_port_or_none(const F& field, std::int64_t lowest = 0) {
  const auto number = field.integer();
  if (!number) {
    return 0;
  }
  if (*number < lowest || *number > 65535) {
    field.complain(field.shown() + " is not a port (1 to 65535)");
    return 0;
  }
  return static_cast<std::uint16_t>(*number);
}

// 1 to 65535; 0 when not present.
template <typename F>
[[nodiscard]] std::uint16_t read_port(const F& field) {
  return read_port_or_none(field, 1);
}

// Empty when not present.
template <typename F>
[[nodiscard]] std::string read_string(const F& field) {
  return std::string(field.string().value_or(std::string_view{}));
}

// Nothing when not present or "".
template <typename F>
[[nodiscard]] std::optional<Ip> read_ip(const F& field) {
  const auto text = field.string();
  if (!text || text->empty()) {
    return std::nullopt;
  }
  const auto ip = Ip::parse(*text);
  if (!ip) {
    field.complain(field.shown() + " is not an IP address, expected one such as 192.0.2.1 or 2001:db8::1");
  }
  return ip;
}

// An address that packets can be sent to from another host.
template <typename F>
[[nodiscard]] std::optional<Ip> read_routable_ip(const F& field) {
  const auto ip = read_ip(field);
  if (ip && !is_routable(*ip)) {
    field.complain(field.shown() +
                   " is unspecified, loopback, link-local or multicast, expected the address of a host");
    return std::nullopt;
  }
  return ip;
}

// Nothing when not present or blank.
template <typename F>
[[nodiscard]] std::optional<Prefix> read_prefix(const F& field) {
  const auto text = field.string();
  if (!text || text->find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return std::nullopt;
  }
  const auto prefix = Prefix::parse(*text);
  if (!prefix) {
    field.complain(field.shown() + " is not an address range, expected one such as 192.0.2.0/24 or 2001:db8::/32");
  }
  return prefix;
}

// A time as seconds since the epoch; 0 when not present.
template <typename F>
[[nodiscard]] std::int64_t read_time(const F& field) {
  const auto text = field.string();
  if (!text) {
    return 0;
  }
  const auto time = parse_time(*text);
  if (!time) {
    field.complain(field.shown() + " is not a time, expected one such as 2024-05-01T12:00:00Z");
    return 0;
  }
  return std::chrono::floor<std::chrono::seconds>(time->time_since_epoch()).count();
}

// One word of a fixed list; `fallback` when not present or "".
template <typename T, typename F>
[[nodiscard]] T read_choice(const F& field, std::initializer_list<std::pair<std::string_view, T>> choices, T fallback) {
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

// TCP when not present.
template <typename F>
[[nodiscard]] Protocol read_protocol(const F& field) {
  return read_choice<Protocol>(field, {{"TCP", Protocol::tcp}, {"UDP", Protocol::udp}, {"SCTP", Protocol::sctp}},
                               Protocol::tcp);
}

}  // namespace sp::source
