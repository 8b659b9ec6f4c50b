// SPDX-License-Identifier: Apache-2.0
// Embryos by the tuple of their request, and all of them in batches.
#include "bench/prog/embryos.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <stdexcept>
#include <vector>

namespace sp::bench {

namespace {

template <typename F>
typename F::Key request_key(const test::Packet& packet) {
  typename F::Key key{};
  put_address<F>(key.saddr, packet.src);
  put_address<F>(key.daddr, packet.dst);
  key.sport = Be16::from_host(packet.sport).raw;
  key.dport = Be16::from_host(packet.dport).raw;
  key.proto = static_cast<std::uint8_t>(packet.protocol);
  return key;
}

// A reply has the addresses of the translated request, swapped.
template <typename F>
typename F::Key reply_key(const typename F::Key& request, const typename F::Val& val) {
  typename F::Key key{};
  std::memcpy(&key.saddr, &val.daddr, sizeof key.saddr);
  std::memcpy(&key.daddr, &val.saddr, sizeof key.daddr);
  key.sport = val.rule.dport;
  key.dport = val.rule.sport;
  key.proto = request.proto;
  return key;
}

}  // namespace

template <>
bpf_map* embryo_table<V4>(Rig& rig) {
  return rig.bed().bpf().maps.sp_embryos4;
}
template <>
bpf_map* embryo_table<V6>(Rig& rig) {
  return rig.bed().bpf().maps.sp_embryos6;
}

template <>
bpf_map* bare_embryo_table<V4>(Rig& rig) {
  return rig.yardstick().maps.bare_embryos4;
}
template <>
bpf_map* bare_embryo_table<V6>(Rig& rig) {
  return rig.yardstick().maps.bare_embryos6;
}

template <typename F>
void forget_embryos(const bpf_map* table, const Stream& opening, std::uint32_t from, std::uint32_t count) {
  const int fd = bpf_map__fd(table);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto request = request_key<F>(opening.packet((from + i) % opening.count));
    typename F::Embryo embryo{};
    if (bpf_map_lookup_and_delete_elem(fd, &request, &embryo) != 0)
      throw std::runtime_error("a first packet has opened no flow");
    const auto reply = reply_key<F>(request, embryo.flow);
    bpf_map_delete_elem(fd, &reply);
  }
}

template <typename F>
void clear_embryos(Rig& rig) {
  constexpr __u32 kBatch = 4096;
  const int fd = bpf_map__fd(embryo_table<F>(rig));
  std::vector<typename F::Key> keys(kBatch);
  std::vector<typename F::Embryo> values(kBatch);
  __u32 at = 0, count = kBatch;
  const void* last = nullptr;
  while (bpf_map_lookup_and_delete_batch(fd, const_cast<void*>(last), &at, keys.data(), values.data(), &count,
                                         nullptr) == 0) {
    last = &at;
    count = kBatch;
  }
}

template void forget_embryos<V4>(const bpf_map*, const Stream&, std::uint32_t, std::uint32_t);
template void forget_embryos<V6>(const bpf_map*, const Stream&, std::uint32_t, std::uint32_t);
template void clear_embryos<V4>(Rig&);
template void clear_embryos<V6>(Rig&);

}  // namespace sp::bench
