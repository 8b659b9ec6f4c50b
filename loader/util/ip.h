// SPDX-License-Identifier: Apache-2.0
// Ip, Prefix, Protocol: the address words of the whole agent. One 128-bit address; IPv4 is ::ffff:a.b.c.d.
#pragma once

#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "maps/addr.h"

namespace sp {

enum class Family : std::uint8_t { v4, v6 };

// Values are IANA protocol numbers, as in maps/addr.h.
enum class Protocol : std::uint8_t { tcp = SP_PROTO_TCP, udp = SP_PROTO_UDP, sctp = SP_PROTO_SCTP };

// "TCP", "UDP", "SCTP": the spelling of Kubernetes.
[[nodiscard]] std::string_view to_string(Protocol protocol);
[[nodiscard]] std::optional<Protocol> parse_protocol(std::string_view text);

// A 16-bit number in network byte order, kept apart from host-order integers by its type.
struct Be16 {
  __be16 raw = 0;
  [[nodiscard]] static Be16 from_host(std::uint16_t host) { return Be16{__builtin_bswap16(host)}; }
  [[nodiscard]] std::uint16_t to_host() const { return __builtin_bswap16(raw); }
  auto operator<=>(const Be16&) const = default;
};

class Ip {
 public:
  Ip() = default;  // ::
  explicit Ip(const sp_addr& raw) : raw_(raw) {}

  // Parses as Kubernetes does: leading zeros of IPv4 octets are decimal, ::ffff:a.b.c.d is IPv4.
  [[nodiscard]] static std::optional<Ip> parse(std::string_view text);
  // `address` in network byte order.
  [[nodiscard]] static Ip v4(__be32 address);
  [[nodiscard]] static Ip v6(const void* sixteen_bytes);

  [[nodiscard]] const sp_addr& raw() const { return raw_; }
  [[nodiscard]] Family family() const;
  [[nodiscard]] bool is_unspecified() const;  // 0.0.0.0 or ::
  [[nodiscard]] bool is_loopback() const;     // 127.0.0.0/8 or ::1
  [[nodiscard]] bool is_link_local() const;   // 169.254.0.0/16 or fe80::/10
  [[nodiscard]] std::string text() const;     // canonical, RFC 5952 for IPv6

  bool operator==(const Ip& other) const { return std::memcmp(&raw_, &other.raw_, sizeof raw_) == 0; }
  std::strong_ordering operator<=>(const Ip& other) const { return std::memcmp(&raw_, &other.raw_, sizeof raw_) <=> 0; }

 private:
  sp_addr raw_{};
};

// 127.0.0.1 or ::1
[[nodiscard]] Ip loopback(Family family);

// An address range. Host bits are kept as written; contains() ignores them.
struct Prefix {
  Ip address;
  unsigned bits = 0;  // of the family: 0..32 or 0..128

  // Parses "a.b.c.d/n" or "x::y/n" with the same leniency as Ip::parse, surrounding blanks included.
  [[nodiscard]] static std::optional<Prefix> parse(std::string_view text);
  [[nodiscard]] bool contains(const Ip& ip) const;  // false for the other family
  // Ones where addresses inside are alike, in network byte order; of an IPv4 range as of its mapped form.
  [[nodiscard]] sp_addr mask() const;
  [[nodiscard]] Prefix network() const;  // the same range, host bits zero
  [[nodiscard]] std::string text() const;
  auto operator<=>(const Prefix&) const = default;
};

}  // namespace sp
