// SPDX-License-Identifier: Apache-2.0
// Parsing and printing of addresses, prefixes and protocols. No name lookups, no locale, no I/O.
#include "loader/util/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdio>

namespace sp {
namespace {

using Bytes = std::array<std::uint8_t, 16>;
constexpr unsigned kMappedBits = 96;  // length of ::ffff:0:0/96

Bytes bytes_of(const sp_addr& raw) {
  Bytes bytes;
  std::memcpy(bytes.data(), &raw, sizeof raw);
  return bytes;
}

// A decimal number of at most `limit`; any count of leading zeros, as Kubernetes' sloppy parser.
std::optional<unsigned> parse_decimal(std::string_view digits, unsigned limit) {
  unsigned value = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 10);
  if (status != std::errc{} || end != digits.data() + digits.size() || value > limit) {
    return std::nullopt;
  }
  return value;
}

std::optional<__be32> parse_v4(std::string_view text) {
  std::uint32_t address = 0;
  for (int octet_idx = 0; octet_idx < 4; ++octet_idx) {
    const std::size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (octet_idx == 3)) {
      return std::nullopt;
    }
    const auto octet = parse_decimal(text.substr(0, dot), 255);
    if (!octet) {
      return std::nullopt;
    }
    address = address << 8 | *octet;
    text.remove_prefix(octet_idx == 3 ? text.size() : dot + 1);
  }
  return htonl(address);
}

// inet_pton takes no leading zeros in a trailing dotted quad, so the quad is turned into two hexadecimal groups first.
std::optional<std::string> without_dotted_quad(std::string_view text) {
  if (text.find('.') == std::string_view::npos) {
    return std::string(text);
  }
  const std::size_t colon = text.rfind(':');
  const auto quad = parse_v4(text.substr(colon + 1));
  if (!quad) {
    return std::nullopt;
  }
  const std::uint32_t host = ntohl(*quad);
  std::array<char, 16> groups;
  const int length = std::snprintf(groups.data(), groups.size(), "%x:%x", host >> 16, host & 0xffff);
  return std::string(text.substr(0, colon + 1)).append(groups.data(), static_cast<std::size_t>(length));
}

struct ZeroRun {
  int begin = -1;
  int length = 1;  // RFC 5952, 4.2.2: a single zero group is not shortened
};

ZeroRun longest_zero_run(const std::array<unsigned, 8>& groups) {
  ZeroRun best;
  for (int begin = 0; begin < 8; ++begin) {
    int end = begin;
    while (end < 8 && groups[static_cast<std::size_t>(end)] == 0) {
      ++end;
    }
    if (end - begin > best.length) {
      best = ZeroRun{begin, end - begin};
    }
  }
  return best;
}

// Our own and not inet_ntop: glibc prints ::1:2 as ::0.1.0.2.
std::string v6_text(const Bytes& bytes) {
  std::array<unsigned, 8> groups;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i] = static_cast<unsigned>(bytes[2 * i]) << 8 | bytes[2 * i + 1];
  }
  const ZeroRun run = longest_zero_run(groups);
  std::string text;
  for (int i = 0; i < 8; ++i) {
    if (i == run.begin) {
      text += "::";
      i += run.length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') {
      text += ':';
    }
    std::array<char, 4> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + 4, groups[static_cast<std::size_t>(i)], 16).ptr;
    text.append(digits.data(), end);
  }
  return text;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace

std::string_view to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::tcp:
      return "TCP";
    case Protocol::udp:
      return "UDP";
    case Protocol::sctp:
      return "SCTP";
  }
  return "?";
}

std::optional<Protocol> parse_protocol(std::string_view text) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp, Protocol::sctp}) {
    if (text == to_string(protocol)) {
      return protocol;
    }
  }
  return std::nullopt;
}

std::optional<Ip> Ip::parse(std::string_view text) {
  if (text.find(':') == std::string_view::npos) {
    const auto address = parse_v4(text);
    return address ? std::optional(v4(*address)) : std::nullopt;
  }
  // A NUL would end inet_pton's input early and make "::1\0x" valid.
  const auto plain = without_dotted_quad(text);
  if (!plain || plain->find('\0') != std::string::npos) {
    return std::nullopt;
  }
  Bytes bytes;
  if (inet_pton(AF_INET6, plain->c_str(), bytes.data()) != 1) {
    return std::nullopt;
  }
  return v6(bytes.data());
}

Ip Ip::v4(__be32 address) {
  return Ip(sp_addr{{0, 0, htonl(SP_ADDR_V4_PREFIX), address}});
}

Ip Ip::v6(const void* sixteen_bytes) {
  sp_addr raw;
  std::memcpy(&raw, sixteen_bytes, sizeof raw);
  return Ip(raw);
}

Family Ip::family() const {
  return raw_.w[0] == 0 && raw_.w[1] == 0 && raw_.w[2] == htonl(SP_ADDR_V4_PREFIX) ? Family::v4 : Family::v6;
}

bool Ip::is_unspecified() const {
  return *this == Ip() || *this == v4(0);
}

bool Ip::is_loopback() const {
  if (family() == Family::v4) {
    return ntohl(raw_.w[3]) >> 24 == 127;
  }
  return *this == Ip(sp_addr{{0, 0, 0, htonl(1)}});
}

Ip loopback(Family family) {
  return family == Family::v4 ? Ip::v4(htonl(INADDR_LOOPBACK)) : Ip(sp_addr{{0, 0, 0, htonl(1)}});
}

bool Ip::is_link_local() const {
  if (family() == Family::v4) {
    return ntohl(raw_.w[3]) >> 16 == 0xa9fe;
  }
  return ntohl(raw_.w[0]) >> 22 == 0xfe80u >> 6;
}

std::string Ip::text() const {
  const Bytes bytes = bytes_of(raw_);
  if (family() == Family::v6) {
    return v6_text(bytes);
  }
  std::array<char, INET_ADDRSTRLEN> buffer;
  return inet_ntop(AF_INET, bytes.data() + 12, buffer.data(), buffer.size());
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
  text = trim(text);
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view address = text.substr(0, slash);
  const auto ip = Ip::parse(address);
  const bool written_as_v6 = address.find(':') != std::string_view::npos;
  auto bits = parse_decimal(text.substr(slash + 1), written_as_v6 ? 128 : 32);
  if (!ip || !bits) {
    return std::nullopt;
  }
  if (written_as_v6 && ip->family() == Family::v4) {
    // ::ffff:a.b.c.d/n is a.b.c.d/(n - 96). Shorter ones span more than IPv4 and have no meaning in either family.
    if (*bits < kMappedBits) {
      return std::nullopt;
    }
    *bits -= kMappedBits;
  }
  return Prefix{*ip, *bits};
}

bool Prefix::contains(const Ip& ip) const {
  if (ip.family() != address.family()) {
    return false;
  }
  const Bytes ours = bytes_of(address.raw());
  const Bytes theirs = bytes_of(ip.raw());
  const unsigned total = bits + (address.family() == Family::v4 ? kMappedBits : 0);
  const std::size_t whole = total / 8;
  if (std::memcmp(ours.data(), theirs.data(), whole) != 0) {
    return false;
  }
  const unsigned rest = total % 8;
  return rest == 0 || (ours[whole] ^ theirs[whole]) >> (8 - rest) == 0;
}

sp_addr Prefix::mask() const {
  const unsigned total = bits + (address.family() == Family::v4 ? kMappedBits : 0);
  sp_addr out{};
  for (unsigned word = 0; word < 4; ++word) {
    const unsigned kept = total > word * 32 ? std::min(total - word * 32, 32U) : 0;
    out.w[word] = __builtin_bswap32(kept == 0 ? 0 : ~std::uint32_t{0} << (32 - kept));
  }
  return out;
}

Prefix Prefix::network() const {
  const sp_addr ones = mask();
  sp_addr raw = address.raw();
  for (unsigned word = 0; word < 4; ++word) {
    raw.w[word] &= ones.w[word];
  }
  return Prefix{Ip(raw), bits};
}

std::string Prefix::text() const {
  return address.text() + "/" + std::to_string(bits);
}

}  // namespace sp
