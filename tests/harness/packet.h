// SPDX-License-Identifier: Apache-2.0
// Packet: frames written like a specification. Every checksum is summed in full here, so that the incremental ones of
// the packet path are compared with something made another way.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/util/ip.h"

namespace sp::test {

using Bytes = std::vector<std::uint8_t>;

// A MAC address by its last byte: 02:00:00:00:00:xx.
struct Mac {
  std::uint8_t last = 0;
  bool operator==(const Mac&) const = default;
};

enum TcpFlags : std::uint8_t { kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16 };

struct Packet {
  Mac eth_src{0xfe};
  Mac eth_dst{0x01};
  std::vector<std::uint16_t> vlans;  // outermost first
  Ip src;
  Ip dst;
  Protocol protocol = Protocol::tcp;
  std::uint8_t ttl = 64;
  std::uint16_t fragment = 0;  // IPv4 flags and offset, host order; 0x4000 = don't fragment
  Bytes ip_options;            // IPv4, a multiple of 4 bytes
  Bytes ext_headers;           // IPv6: one destination options header, a multiple of 8 bytes; byte 0 is filled in
  std::uint16_t sport = 0;
  std::uint16_t dport = 0;
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint8_t flags = 0;
  std::uint16_t window = 64240;
  bool no_checksum = false;  // UDP with a zero checksum
  std::string payload;

  [[nodiscard]] Bytes bytes() const;
};

// Internet checksum of `data` in network order, for packets that are built by hand.
[[nodiscard]] std::uint16_t checksum(const Bytes& data);

// Pseudo-header of RFC 9293 and RFC 8200 for `length` bytes of `protocol`.
[[nodiscard]] Bytes pseudo_header(const Ip& src, const Ip& dst, std::uint8_t protocol, std::size_t length);

// An IP header for `payload_size` bytes of `protocol`.
[[nodiscard]] Bytes ip_header(const Packet& packet, std::uint8_t protocol, std::size_t payload_size);

[[nodiscard]] Bytes link_header(const Packet& packet);

void append(Bytes& to, const Bytes& from);
void append16(Bytes& to, std::uint16_t value);
void append32(Bytes& to, std::uint32_t value);
void store16(Bytes& to, std::size_t offset, std::uint16_t value);

// Source port of the TCP or UDP packet in `frame`, which has no VLAN tag, option or extension header.
[[nodiscard]] std::uint16_t source_port(const Bytes& frame);

// Hex dump for failure messages.
[[nodiscard]] std::string dump(const Bytes& bytes);

}  // namespace sp::test
