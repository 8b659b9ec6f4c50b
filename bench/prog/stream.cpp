// SPDX-License-Identifier: Apache-2.0
// Packets of a stream by their number, and the constant part of all of them.
#include "bench/prog/stream.h"

#include <cstring>
#include <stdexcept>

namespace sp::bench {

namespace {

constexpr std::size_t kL3 = 14;

std::uint16_t word_at(const test::Bytes& frame, std::size_t offset) {
  std::uint16_t word = 0;
  std::memcpy(&word, frame.data() + offset, sizeof word);
  return word;
}

}  // namespace

Ip further(const Ip& from, std::uint32_t distance) {
  sp_addr raw = from.raw();
  raw.w[3] = __builtin_bswap32(__builtin_bswap32(raw.w[3]) + distance);
  return Ip(raw);
}

test::Packet Stream::packet(std::uint32_t number) const {
  test::Packet packet = first;
  packet.src = further(first.src, number & ((1u << bits) - 1));
  std::uint16_t& port = moves_dport ? packet.dport : packet.sport;
  port = static_cast<std::uint16_t>(port + (number >> bits));
  return packet;
}

replay Stream::row() const {
  test::Packet fixed = first;
  sp_addr moving = first.src.raw();
  moving.w[3] = 0;
  fixed.src = Ip(moving);
  (moves_dport ? fixed.dport : fixed.sport) = 0;
  test::Bytes frame = fixed.bytes();
  replay row{};
  if (frame.size() > sizeof row.frame) throw std::runtime_error("a replayed frame has no payload");
  const bool v4 = first.src.family() == Family::v4;
  const std::size_t l4 = kL3 + (v4 ? 20 : 40);
  const std::size_t check = l4 + (first.protocol == Protocol::tcp ? 16 : 6);
  row.l4_sum = static_cast<std::uint16_t>(~word_at(frame, check));
  test::store16(frame, check, 0);
  if (v4) {
    row.l3_sum = static_cast<std::uint16_t>(~word_at(frame, kL3 + 10));
    test::store16(frame, kL3 + 10, 0);
  }
  std::memcpy(row.frame, frame.data(), frame.size());
  row.count = count;
  row.first_addr = __builtin_bswap32(first.src.raw().w[3]);
  row.first_port = moves_dport ? first.dport : first.sport;
  row.mask = (1u << bits) - 1;
  row.shift = bits;
  row.port_shift = moves_dport ? 16 : 0;
  return row;
}

}  // namespace sp::bench
