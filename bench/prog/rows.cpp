// SPDX-License-Identifier: Apache-2.0
// Tuples, and the arithmetic of RFC 1624 written once more, apart from that of the packet path.
#include "bench/prog/rows.h"

namespace sp::bench {

namespace {

std::uint32_t halves(std::uint32_t word) {
  return (word & 0xffff) + (word >> 16);
}

std::uint16_t fold(std::uint32_t sum) {
  sum = halves(sum);
  return static_cast<std::uint16_t>(sum + (sum >> 16));
}

template <typename Field>
std::uint32_t sum_of(const Field& field, std::uint32_t flip) {
  std::uint32_t words[sizeof field / 4], sum = 0;
  std::memcpy(words, &field, sizeof field);
  for (const std::uint32_t word : words) sum += halves(word ^ flip);
  return sum;
}

std::uint16_t flipped(std::uint16_t word) {
  return static_cast<std::uint16_t>(~word);
}

template <typename F>
void set_request_deltas(Half<F>& half) {
  const auto& [key, val] = half;
  sp_flow_rule& rule = half.val.rule;
  const std::uint16_t addrs =
      fold(sum_of(key.saddr, ~0u) + sum_of(key.daddr, ~0u) + sum_of(val.saddr, 0) + sum_of(val.daddr, 0));
  rule.l4_delta = fold(addrs + 0u + flipped(key.sport) + flipped(key.dport) + rule.sport + rule.dport);
  rule.l3_delta = F::kWords == 1 ? fold(addrs + 0u + F::kTtlDelta) : addrs;
}

}  // namespace

template <typename F>
Pair<F> pair_of(const Pair<F>& opened, const Connection& c) {
  Pair<F> pair = opened;
  auto& [request, reply] = pair;
  put_address<F>(request.key.saddr, c.client);
  request.key.sport = Be16::from_host(c.client_port).raw;
  put_address<F>(request.val.daddr, c.backend);
  request.val.rule.sport = Be16::from_host(c.snat_port).raw;
  put_address<F>(reply.key.saddr, c.backend);
  reply.key.dport = request.val.rule.sport;
  put_address<F>(reply.val.daddr, c.client);
  reply.val.rule.dport = request.key.sport;
  request.val.rule.backend_id = reply.val.rule.backend_id = c.backend_id;
  // A reply undoes its request, so its deltas are the inverse ones; the TTL is decremented both ways.
  set_request_deltas<F>(request);
  const sp_flow_rule& forth = request.val.rule;
  reply.val.rule.l4_delta = flipped(forth.l4_delta);
  if (F::kWords == 1) {
    const std::uint16_t addrs = fold(forth.l3_delta + 0u + flipped(F::kTtlDelta));
    reply.val.rule.l3_delta = fold(flipped(addrs) + 0u + F::kTtlDelta);
  } else {
    reply.val.rule.l3_delta = flipped(forth.l3_delta);
  }
  return pair;
}

template <typename F>
typename F::Bare bare_of(const typename F::Val& val) {
  typename F::Bare bare{};
  std::memcpy(&bare.saddr, &val.saddr, sizeof bare.saddr);
  std::memcpy(&bare.daddr, &val.daddr, sizeof bare.daddr);
  bare.sport = val.rule.sport;
  bare.dport = val.rule.dport;
  bare.l4_delta = val.rule.l4_delta;
  F::set_l3_delta(bare, val.rule.l3_delta);
  std::memcpy(bare.macs, val.rule.dmac, sizeof val.rule.dmac);
  std::memcpy(reinterpret_cast<char*>(bare.macs) + sizeof val.rule.dmac, val.rule.smac, sizeof val.rule.smac);
  return bare;
}

template Pair<V4> pair_of<V4>(const Pair<V4>&, const Connection&);
template Pair<V6> pair_of<V6>(const Pair<V6>&, const Connection&);
template bare4_val bare_of<V4>(const sp_flow4_val&);
template bare6_val bare_of<V6>(const sp_flow6_val&);

}  // namespace sp::bench
