// SPDX-License-Identifier: Apache-2.0
// Rows of one connection in the flow table and in the yardstick's, for either family.
//
// The tuple is the connection's; next hop, epoch, flags, service and generation are those of a connection that the
// packet path itself has opened.
#pragma once

#include <cstdint>
#include <cstring>

#include "bench/yardstick.h"
#include "loader/util/ip.h"
#include "maps/flow.h"

namespace sp::bench {

// What names one connection.
struct Connection {
  Ip client;
  std::uint16_t client_port = 0;
  Ip backend;
  std::uint32_t backend_id = 0;
  std::uint16_t snat_port = 0;
};

struct V4 {
  using Key = sp_flow4_key;
  using Val = sp_flow4_val;
  using Embryo = sp_embryo4_val;
  using Bare = bare4_val;
  static constexpr unsigned kWords = 1;
  static constexpr std::uint16_t kTtlDelta = 0xfffe;  // CSUM_TTL_DELTA of bpf/csum.h
  static void set_l3_delta(Bare& bare, std::uint16_t delta) { bare.l3_delta = delta; }
};

struct V6 {
  using Key = sp_flow6_key;
  using Val = sp_flow6_val;
  using Embryo = sp_embryo6_val;
  using Bare = bare6_val;
  static constexpr unsigned kWords = 4;
  static constexpr std::uint16_t kTtlDelta = 0;
  static void set_l3_delta(Bare&, std::uint16_t) {}
};

template <typename F>
struct Half {
  typename F::Key key{};
  typename F::Val val{};
};

template <typename F>
struct Pair {
  Half<F> request, reply;
};

// Copies the words of `address` that family F carries into a field of a key or a value.
template <typename F, typename Field>
void put_address(Field& field, const Ip& address) {
  static_assert(sizeof field == 4 * F::kWords);
  std::memcpy(&field, &address.raw().w[4 - F::kWords], sizeof field);
}

// `opened` with the tuple of another connection. Deltas are folded as bpf/tuple.h does it: one's complement has two
// zeros, and rows are compared by bytes.
template <typename F>
Pair<F> pair_of(const Pair<F>& opened, const Connection& connection);

// The yardstick's row for the same packets.
template <typename F>
typename F::Bare bare_of(const typename F::Val& val);

}  // namespace sp::bench
