// SPDX-License-Identifier: Apache-2.0
// What a rejected packet is answered with, built from the RFCs and not from the packet path.
#pragma once

#include "packet.h"

namespace sp::test {

// A packet without flags whose addresses, ports, MACs and tags lead back to the sender of `packet`.
[[nodiscard]] inline Packet turned(const Packet& packet) {
  Packet out;
  out.eth_src = packet.eth_dst;
  out.eth_dst = packet.eth_src;
  out.vlans = packet.vlans;
  out.src = packet.dst;
  out.dst = packet.src;
  out.sport = packet.dport;
  out.dport = packet.sport;
  out.fragment = 0x4000;
  out.window = 0;
  return out;
}

// The reset that answers a SYN.
[[nodiscard]] inline Packet reset(const Packet& syn) {
  Packet out = turned(syn);
  out.flags = kRst | kAck;
  out.ack = static_cast<std::uint32_t>(syn.seq + 1 + syn.payload.size());
  return out;
}

// ICMP or ICMPv6 port unreachable that quotes the IP header and eight bytes of `packet`.
[[nodiscard]] inline Bytes unreachable(const Packet& packet) {
  const bool v4 = packet.src.family() == Family::v4;
  const Bytes original = packet.bytes();
  const std::size_t l3 = 14 + 4 * packet.vlans.size();
  const std::size_t quote = (v4 ? 20 + packet.ip_options.size() : 40) + packet.ext_headers.size() + 8;
  const auto protocol = static_cast<std::uint8_t>(v4 ? 1 : 58);
  Packet answer = turned(packet);
  Bytes icmp;
  append16(icmp, v4 ? 0x0303 : 0x0104);
  append16(icmp, 0);
  append32(icmp, 0);
  for (std::size_t i = 0; i < quote; ++i) icmp.push_back(original.at(l3 + i));
  Bytes sum = v4 ? Bytes{} : pseudo_header(answer.src, answer.dst, protocol, icmp.size());
  append(sum, icmp);
  store16(icmp, 2, checksum(sum));
  Bytes out = link_header(answer);
  append(out, ip_header(answer, protocol, icmp.size()));
  append(out, icmp);
  return out;
}

}  // namespace sp::test
