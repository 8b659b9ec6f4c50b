// SPDX-License-Identifier: Apache-2.0
// Filter: the agent's hand on sp_filter, which packets ask before they ask hash tables.
//
// Promises: bits are set, never cleared, and packets see them at once.
#pragma once

#include <algorithm>

#include "loader/kernel/map.h"
#include "loader/kernel/mapped_array.h"
#include "loader/util/ip.h"
#include "maps/filter.h"
#include "maps/flow.h"

namespace sp::kernel {

class Filter {
 public:
  [[nodiscard]] static Result<Filter> share(int fd) {
    SP_TRY_ASSIGN(shared, share_map(fd, "sp_filter", {BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(__u64)}));
    SP_TRY_ASSIGN(words, MappedArray<__u64>::map(shared));
    return Filter(std::move(words));
  }

  [[nodiscard]] bool is_empty() const {
    return std::all_of(words_.rows().begin(), words_.rows().end(), [](__u64 word) { return word == 0; });
  }

  // Packets set bits of the same words at the same time.
  void add(const sp_addr& ip, __be16 port, unsigned proto) {
    const __u32 bit = sp_filter_bit(ip.w[0], ip.w[1], ip.w[2], ip.w[3], port, static_cast<__u8>(proto));
    __atomic_fetch_or(&words_.rows()[bit / 64], __u64{1} << bit % 64, __ATOMIC_RELEASE);
  }

  // What packets would have set for a flow that they opened.
  template <typename Key>
  void add_reply(const Key& key, const sp_flow_rule& rule) {
    if ((rule.flags & SP_FLOW_REPLY) == 0) return;
    if ((rule.flags & SP_FLOW_EGRESS) == 0) return add(widened(key.daddr), key.dport, key.proto);
    add(widened(key.saddr), 0, SP_FILTER_SOURCE);
    add(widened(key.saddr), key.sport, key.proto | SP_FILTER_SOURCE);
  }

 private:
  explicit Filter(MappedArray<__u64> words) : words_(std::move(words)) {}

  static sp_addr widened(__be32 ip4) { return {{0, 0, __builtin_bswap32(SP_ADDR_V4_PREFIX), ip4}}; }
  static sp_addr widened(const __be32 (&ip6)[4]) { return {{ip6[0], ip6[1], ip6[2], ip6[3]}}; }

  MappedArray<__u64> words_;
};

// For flows of an agent that had no filter.
template <typename Key, typename Value>
[[nodiscard]] Result<void> add_flows(Filter& filter, int fd, const char* name, bpf_map_type type) {
  using Flows = Map<Key, Value>;
  SP_TRY_ASSIGN(flows, Flows::share(fd, name, type));
  return flows.walk([&](const Key& key, const Value& value) {
    if constexpr (requires { value.flow; })
      filter.add_reply(key, value.flow.rule);
    else
      filter.add_reply(key, value.rule);
  });
}

}  // namespace sp::kernel
