// SPDX-License-Identifier: Apache-2.0
// Traffic: connections through a subject, opened and then measured.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "bench/node/generator.h"
#include "bench/node/subject.h"

namespace sp::bench {

class Traffic {
 public:
  explicit Traffic(Generator& generator) : generator_(generator) {}

  // Opens flows of the road that are not open yet, up to `flows`: SYN, SYN-ACK and ACK of each, checked at the far
  // side. Throws when a packet was lost, came out with a wrong checksum, or took another way.
  void open(const Subject& subject, const Road& road, std::uint32_t flows);
  // Nanoseconds per packet of `packets` established ones over the first `flows` flows. Throws when one was lost.
  double measure(const Subject& subject, const Road& road, std::uint32_t flows, std::uint32_t packets);
  // The generator by itself.
  double generate(const Subject& subject, const Road& road, std::uint32_t flows, std::uint32_t packets);

 private:
  struct Sent {
    double ns = 0;
    std::uint64_t arrived = 0;
  };

  // True when every packet arrived.
  bool shake_hands(const Subject& subject, const Road& road, std::uint32_t first, std::uint32_t end);
  Sent send(const Subject& subject, stream& what, Direction direction, const Entrance& entrance, std::uint32_t packets);
  double send_all(const Subject& subject, stream& what, std::uint32_t packets);

  Generator& generator_;
  std::map<std::string, std::uint32_t> open_;  // by subject and road
  std::map<std::string, std::uint32_t> position_;
};

}  // namespace sp::bench
