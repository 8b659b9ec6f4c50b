// SPDX-License-Identifier: Apache-2.0
#include "packet.h"

#include <cstdio>

namespace sp::test {
namespace {

constexpr std::uint16_t kEthertypeIpv4 = 0x0800;
constexpr std::uint16_t kEthertypeIpv6 = 0x86dd;
constexpr std::uint16_t kEthertypeVlan = 0x8100;
constexpr std::uint16_t kEthertypeSvlan = 0x88a8;
constexpr std::uint8_t kDestinationOptions = 60;

Bytes address(const Ip& ip) {
  const auto* raw = reinterpret_cast<const std::uint8_t*>(&ip.raw());
  return ip.family() == Family::v4 ? Bytes(raw + 12, raw + 16) : Bytes(raw, raw + 16);
}

Bytes mac(Mac address) {
  return {0x02, 0, 0, 0, 0, address.last};
}

Bytes tcp_segment(const Packet& p) {
  Bytes out;
  append16(out, p.sport);
  append16(out, p.dport);
  append32(out, p.seq);
  append32(out, p.ack);
  append16(out, static_cast<std::uint16_t>(5u << 12 | p.flags));
  append16(out, p.window);
  append32(out, 0);
  out.insert(out.end(), p.payload.begin(), p.payload.end());
  Bytes sum = pseudo_header(p.src, p.dst, SP_PROTO_TCP, out.size());
  append(sum, out);
  store16(out, 16, checksum(sum));
  return out;
}

Bytes udp_datagram(const Packet& p) {
  Bytes out;
  append16(out, p.sport);
  append16(out, p.dport);
  append16(out, static_cast<std::uint16_t>(8 + p.payload.size()));
  append16(out, 0);
  out.insert(out.end(), p.payload.begin(), p.payload.end());
  if (p.no_checksum) return out;
  Bytes sum = pseudo_header(p.src, p.dst, SP_PROTO_UDP, out.size());
  append(sum, out);
  const std::uint16_t check = checksum(sum);
  store16(out, 6, check == 0 ? 0xffff : check);
  return out;
}

}  // namespace

void append(Bytes& to, const Bytes& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void append16(Bytes& to, std::uint16_t value) {
  to.push_back(static_cast<std::uint8_t>(value >> 8));
  to.push_back(static_cast<std::uint8_t>(value));
}

void append32(Bytes& to, std::uint32_t value) {
  append16(to, static_cast<std::uint16_t>(value >> 16));
  append16(to, static_cast<std::uint16_t>(value));
}

void store16(Bytes& to, std::size_t offset, std::uint16_t value) {
  to.at(offset) = static_cast<std::uint8_t>(value >> 8);
  to.at(offset + 1) = static_cast<std::uint8_t>(value);
}

std::uint16_t checksum(const Bytes& data) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < data.size(); i += 2)
    sum += static_cast<std::uint64_t>(data[i]) << 8 | (i + 1 < data.size() ? data[i + 1] : 0u);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

Bytes pseudo_header(const Ip& src, const Ip& dst, std::uint8_t protocol, std::size_t length) {
  Bytes out = address(src);
  append(out, address(dst));
  append32(out, static_cast<std::uint32_t>(length));
  append32(out, protocol);
  return out;
}

Bytes ip_header(const Packet& p, std::uint8_t protocol, std::size_t payload_size) {
  Bytes out;
  if (p.src.family() == Family::v6) {
    append32(out, 6u << 28);
    append16(out, static_cast<std::uint16_t>(payload_size));
    out.push_back(protocol);
    out.push_back(p.ttl);
    append(out, address(p.src));
    append(out, address(p.dst));
    return out;
  }
  const std::size_t size = 20 + p.ip_options.size();
  out.push_back(static_cast<std::uint8_t>(0x40 | size / 4));
  out.push_back(0);
  append16(out, static_cast<std::uint16_t>(size + payload_size));
  append16(out, 0);
  append16(out, p.fragment);
  out.push_back(p.ttl);
  out.push_back(protocol);
  append16(out, 0);
  append(out, address(p.src));
  append(out, address(p.dst));
  append(out, p.ip_options);
  store16(out, 10, checksum(out));
  return out;
}

Bytes link_header(const Packet& p) {
  Bytes out = mac(p.eth_dst);
  append(out, mac(p.eth_src));
  for (std::size_t i = 0; i < p.vlans.size(); ++i) {
    append16(out, i + 1 < p.vlans.size() ? kEthertypeSvlan : kEthertypeVlan);
    append16(out, p.vlans[i]);
  }
  append16(out, p.src.family() == Family::v4 ? kEthertypeIpv4 : kEthertypeIpv6);
  return out;
}

Bytes Packet::bytes() const {
  const Bytes l4 = protocol == Protocol::udp ? udp_datagram(*this) : tcp_segment(*this);
  Bytes ext = ext_headers;
  if (!ext.empty()) ext[0] = static_cast<std::uint8_t>(protocol);
  Bytes out = link_header(*this);
  append(out, ip_header(*this, ext.empty() ? static_cast<std::uint8_t>(protocol) : kDestinationOptions,
                        ext.size() + l4.size()));
  append(out, ext);
  append(out, l4);
  return out;
}

std::uint16_t source_port(const Bytes& frame) {
  const std::size_t offset = 14 + (frame.at(12) == 0x08 ? 20 : 40);
  return static_cast<std::uint16_t>(frame.at(offset) << 8 | frame.at(offset + 1));
}

std::string dump(const Bytes& bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    char text[8];
    std::snprintf(text, sizeof text, "%s%02x", i % 16 == 0 ? "\n" : " ", bytes[i]);
    out += text;
  }
  return out;
}

}  // namespace sp::test
