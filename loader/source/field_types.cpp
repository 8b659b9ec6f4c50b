// SPDX-License-Identifier: Apache-2.0
// Readers of ports, addresses, ranges, labels and times out of a Field.
#include "loader/source/field_types.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace sp::source {
namespace {

std::uint16_t read_port_from(const Field& field, std::int64_t lowest) {
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

bool is_multicast(const Ip& ip) {
  static const auto kRangeV4 = Prefix::parse("224.0.0.0/4");
  static const auto kRangeV6 = Prefix::parse("ff00::/8");
  return kRangeV4->contains(ip) || kRangeV6->contains(ip);
}

}  // namespace

std::uint16_t read_port(const Field& field) {
  return read_port_from(field, 1);
}

std::uint16_t read_port_or_none(const Field& field) {
  return read_port_from(field, 0);
}

Protocol read_protocol(const Field& field) {
  return read_choice<Protocol>(field, {{"TCP", Protocol::tcp}, {"UDP", Protocol::udp}, {"SCTP", Protocol::sctp}},
                               Protocol::tcp);
}

std::string read_string(const Field& field) {
  return std::string(field.string().value_or(std::string_view{}));
}

std::optional<Ip> read_ip(const Field& field) {
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

std::optional<Ip> read_routable_ip(const Field& field) {
  const auto ip = read_ip(field);
  if (ip && (ip->is_unspecified() || ip->is_loopback() || ip->is_link_local() || is_multicast(*ip))) {
    field.complain(field.shown() +
                   " is unspecified, loopback, link-local or multicast, expected the address of a host");
    return std::nullopt;
  }
  return ip;
}

std::optional<Prefix> read_prefix(const Field& field) {
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

model::Labels read_labels(const Field& field) {
  model::Labels labels;
  for (const std::string& key : field.keys()) {
    labels.emplace(key, read_string(field[key]));
  }
  return labels;
}

std::int64_t read_time(const Field& field) {
  const auto text = field.string();
  if (!text) {
    return 0;
  }
  const std::string copy(*text);
  std::tm utc{};
  int used = 0;
  const int found = std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
                                &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &used);
  std::string_view zone = std::string_view(copy).substr(static_cast<std::size_t>(used));
  if (zone.starts_with('.')) {
    zone.remove_prefix(std::min(zone.find_first_not_of("0123456789", 1), zone.size()));
  }
  char sign = '+';
  int hours = 0;
  int minutes = 0;
  const std::string offset(zone);
  const bool zoned = zone == "Z" || std::sscanf(offset.c_str(), "%c%2d:%2d", &sign, &hours, &minutes) == 3;
  if (found != 6 || !zoned || (sign != '+' && sign != '-')) {
    field.complain(field.shown() + " is not a time, expected one such as 2024-05-01T12:00:00Z");
    return 0;
  }
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  const std::int64_t ahead_s = (hours * 60 + minutes) * 60;
  return timegm(&utc) - (sign == '-' ? -ahead_s : ahead_s);
}

std::string_view to_string(Family family) {
  return family == Family::v4 ? "IPv4" : "IPv6";
}

}  // namespace sp::source
