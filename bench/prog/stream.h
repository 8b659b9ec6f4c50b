// SPDX-License-Identifier: Apache-2.0
// Stream: a numbered sequence of packets without payload that differ in the last word of their source address and in
// one port. replay.bpf.c writes it packet by packet.
//
// Promises: packet(i) is summed in full (tests/harness/packet.h), while the replaying program adds to sums; whoever
// compares the two has checked both.
#pragma once

#include <cstdint>

#include "bench/prog/replay.h"
#include "tests/harness/packet.h"

namespace sp::bench {

// The address `distance` further on; only the last word is counted.
[[nodiscard]] Ip further(const Ip& from, std::uint32_t distance);

struct Stream {
  test::Packet first;
  std::uint32_t count = 1;
  // The low `bits` bits of a packet's number move the source address, the others a port.
  unsigned bits = 16;
  bool moves_dport = false;

  [[nodiscard]] test::Packet packet(std::uint32_t number) const;
  // What the replaying program needs, with packet 0 as the next one.
  [[nodiscard]] replay row() const;
};

}  // namespace sp::bench
