// SPDX-License-Identifier: Apache-2.0
// Connections by their number, and both tables filled with their flows.
//
// Promises: the rows of the flow table are those that the packet path makes, which is shown for one connection that is
// opened by packets; the yardstick's table holds the same flows, both directions, inserted in the same order.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/prog/rig.h"
#include "bench/prog/rows.h"

namespace sp::bench {

// Connections of the clients of one service. F: V4 or V6.
template <typename F>
class Connections {
 public:
  // Adds the service and opens connection 0 by packets. Throws when the rows made here are not those that it left.
  Connections(Rig& rig, Protocol protocol);

  [[nodiscard]] Connection at(std::uint32_t number) const;
  // Packets of established connections, number by number: of the clients, and of the backends.
  [[nodiscard]] Stream requests(std::uint32_t count) const;
  [[nodiscard]] Stream replies(std::uint32_t count) const;
  // What becomes of such a packet.
  [[nodiscard]] test::Packet translated_request(std::uint32_t number) const;
  [[nodiscard]] test::Packet translated_reply(std::uint32_t number) const;

  // Both tables hold connections 0 to `count` - 1 then. They are inserted in an order that is no order, so that the
  // next packet's flow is not the next in memory. `count` only grows.
  void grow(std::uint32_t count);
  // Empties both tables.
  void remove();

 private:
  [[nodiscard]] test::Packet request(const Connection& connection, std::uint8_t flags) const;
  [[nodiscard]] test::Packet reply(const Connection& connection, std::uint8_t flags) const;
  void open();
  void insert(const std::vector<std::uint32_t>& numbers) const;

  Rig* rig_;
  test::Plan plan_;
  Protocol protocol_;
  test::Testbed::Service service_;
  std::uint32_t count_ = 0;
  Pair<F> opened_;
};

extern template class Connections<V4>;
extern template class Connections<V6>;

}  // namespace sp::bench
