// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The yardstick: the least that a program can do that translates TCP and UDP of one family. Parse, one hash lookup,
 * rewrite with checksum deltas that stand in the table, transmit. No VLAN, options, extension headers, fragments, TCP
 * state, aging, counters, TTL, MTU or next hop check.
 */
#include "bench/yardstick.h"
#include "bpf/parse.h"
#include "bpf/tuple.h"
#include "maps/limits.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, struct sp_flow4_key);
  __type(value, struct bare4_val);
} bare_flows4 SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, struct sp_flow6_key);
  __type(value, struct bare6_val);
} bare_flows6 SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, SP_MAX_EMBRYOS4);
  __type(key, struct sp_flow4_key);
  __type(value, struct sp_embryo4_val);
} bare_embryos4 SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, SP_MAX_EMBRYOS6);
  __type(key, struct sp_flow6_key);
  __type(value, struct sp_embryo6_val);
} bare_embryos6 SEC(".maps");

/* Where opened flows lead, and what they come from; the words of a struct sp_addr. */
const volatile __be32 bare_backend[4];
const volatile __be32 bare_source[4];

static __always_inline __be16 ethertype(const void* eth) {
  return *(const __be16*)(eth + 2 * ETH_ALEN);
}

/* TCP and UDP have their ports in the same place; 0 when it is neither or cut off. */
static __always_inline int rewrite_l4(void* l4, void* end, __u8 proto, __be32 ports, __u16 delta) {
  struct tcphdr* tcp = l4;
  struct udphdr* udp = l4;

  if (proto == IPPROTO_TCP) {
    if ((void*)(tcp + 1) > end) return 0;
    tcp->check = csum_apply(tcp->check, delta);
  } else {
    udp->check = csum_apply_udp(udp->check, delta);
  }
  *(__be32*)l4 = ports;
  return 1;
}

/* Addresses, hop and MACs of a frame whose ports are written; `from` are both addresses. */
static __always_inline int send(void* frame, const __be32* from, __u16 l3_delta, const __u32* macs, const enum af af) {
  struct iphdr* ip4 = frame + ETH_HLEN;
  struct ipv6hdr* ip6 = frame + ETH_HLEN;

  addrs_write(af == AF4 ? &ip4->saddr : (__be32*)&ip6->saddr, from, af);
  if (af == AF4) {
    ip4->check = csum_apply(ip4->check, l3_delta);
    ip4->ttl--;
  } else {
    ip6->hop_limit--;
  }
  write_macs(frame, macs);
  return XDP_TX;
}

SEC("xdp")
int bare4(struct xdp_md* ctx) {
  void *data = (void*)(long)ctx->data, *end = (void*)(long)ctx->data_end;
  struct iphdr* ip = data + ETH_HLEN;
  struct udphdr* ports = (void*)(ip + 1);
  struct flow_key key;
  struct bare4_val* val;
  __u8 proto;

  if ((void*)(ports + 1) > end || ethertype(data) != bpf_htons(ETH_P_IP) || ip->ihl != 5 ||
      (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP))
    return XDP_PASS;
  proto = ip->protocol;
  key.words[0] = *(const __u64*)&ip->saddr;
  key.words[1] = key_l4_word(*(const __be32*)ports, proto);
  val = bpf_map_lookup_elem(&bare_flows4, &key);
  if (!val || !rewrite_l4(ports, end, proto, *(const __be32*)&val->sport, val->l4_delta)) return XDP_PASS;
  return send(data, &val->saddr, val->l3_delta, val->macs, AF4);
}

SEC("xdp")
int bare6(struct xdp_md* ctx) {
  void *data = (void*)(long)ctx->data, *end = (void*)(long)ctx->data_end;
  struct ipv6hdr* ip = data + ETH_HLEN;
  struct udphdr* ports = (void*)(ip + 1);
  const __u64* addrs;
  struct flow_key key;
  struct bare6_val* val;
  __u8 proto;

  if ((void*)(ports + 1) > end || ethertype(data) != bpf_htons(ETH_P_IPV6) ||
      (ip->nexthdr != IPPROTO_TCP && ip->nexthdr != IPPROTO_UDP))
    return XDP_PASS;
  proto = ip->nexthdr;
  addrs = (const __u64*)&ip->saddr;
  key.words[0] = addrs[0];
  key.words[1] = addrs[1];
  key.words[2] = addrs[2];
  key.words[3] = addrs[3];
  key.words[4] = key_l4_word(*(const __be32*)ports, proto);
  val = bpf_map_lookup_elem(&bare_flows6, &key);
  if (!val || !rewrite_l4(ports, end, proto, *(const __be32*)&val->sport, val->l4_delta)) return XDP_PASS;
  return send(data, val->saddr, 0, val->macs, AF6);
}

static __always_inline void load_addr(__be32* to, const volatile __be32* from, const enum af af) {
  to[0] = from[af == AF4 ? 3 : 0];
  if (af == AF4) return;
  to[1] = from[1];
  to[2] = from[2];
  to[3] = from[3];
}

static __always_inline int bare_route(struct xdp_md* ctx, struct bpf_fib_lookup* fib, const enum af af) {
  __builtin_memset(fib, 0, sizeof(*fib));
  fib->ifindex = ctx->ingress_ifindex;
  fib->family = af == AF4 ? 2 : 10; /* AF_INET, AF_INET6 */
  load_addr(af == AF4 ? &fib->ipv4_dst : fib->ipv6_dst, bare_backend, af);
  return bpf_fib_lookup(ctx, fib, sizeof(*fib), 0);
}

/* Clients of the benchmark differ in the lower half of their address and in their port: no two share a reply's tuple.
 */
static __always_inline void bare_forth(struct sp_flow_rule* rule, struct flow_key* key,
                                       const struct bpf_fib_lookup* fib, const enum af af) {
  rule->sport = (__be16)(key_saddr(key, af)[af == AF4 ? 0 : 3] >> 16);
  rule->dport = *key_sport(key, af);
  rule->ifindex = fib->ifindex;
  rule->action = SP_ACTION_FORWARD;
  __builtin_memcpy(rule->dmac, fib->dmac, ETH_ALEN);
  __builtin_memcpy(rule->smac, fib->smac, ETH_ALEN);
}

/*
 * The least that opening a flow takes where both of its directions are kept in an LRU table and the kernel knows the
 * route: one lookup that misses, one route, two inserts. No Services, no choice of a backend, no second look at
 * whether the reply's tuple is free.
 */
static __always_inline int bare_open(struct xdp_md* ctx, void* flows, void* embryos, const enum af af) {
  void *data = (void*)(long)ctx->data, *end = (void*)(long)ctx->data_end;
  struct flow_val forth = {}, back = {};
  struct flow_key key, reply_key;
  struct bpf_fib_lookup fib;
  struct sp_flow_rule* rule = val_rule(&forth, af);
  struct pkt p = {};

  if (parse_plain(data, end, &p, af)) return XDP_PASS;
  key_from_pkt(&key, &p, af);
  if (bpf_map_lookup_elem(flows, &key) || bare_route(ctx, &fib, af)) return XDP_PASS;
  load_addr(val_saddr(&forth, af), bare_source, af);
  load_addr(val_daddr(&forth, af), bare_backend, af);
  bare_forth(rule, &key, &fib, af);
  val_set_deltas(&key, &forth, af);
  key_of_partner(&reply_key, &forth, p.proto, af);
  addr_copy(val_saddr(&back, af), key_daddr(&key, af), af);
  addr_copy(val_daddr(&back, af), key_saddr(&key, af), af);
  val_mirror_deltas(&back, &forth, af);
  if (bpf_map_update_elem(embryos, &reply_key, &back, BPF_NOEXIST) ||
      bpf_map_update_elem(embryos, &key, &forth, BPF_NOEXIST))
    return XDP_PASS;
  if (!rewrite_l4(p.l4, end, p.proto, *(const __be32*)&rule->sport, rule->l4_delta)) return XDP_PASS;
  return send(data, val_saddr(&forth, af), rule->l3_delta, (const __u32*)rule->dmac, af);
}

SEC("xdp")
int bare_open4(struct xdp_md* ctx) {
  return bare_open(ctx, &bare_flows4, &bare_embryos4, AF4);
}

SEC("xdp")
int bare_open6(struct xdp_md* ctx) {
  return bare_open(ctx, &bare_flows6, &bare_embryos6, AF6);
}

char LICENSE[] SEC("license") = "GPL";
