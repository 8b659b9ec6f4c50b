// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The yardstick: the least that a program can do that translates TCP and UDP of one family. Parse, one hash lookup,
 * rewrite with checksum deltas that stand in the table, transmit. No VLAN, options, extension headers, fragments, TCP
 * state, aging, counters, TTL, MTU or next hop check.
 */
#include "bench/yardstick.h"
#include "bpf/tuple.h"

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
  addrs_write(&ip->saddr, &val->saddr, AF4);
  ip->check = csum_apply(ip->check, val->l3_delta);
  ip->ttl--;
  write_macs(data, val->macs);
  return XDP_TX;
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
  addrs_write((__be32*)&ip->saddr, val->saddr, AF6);
  ip->hop_limit--;
  write_macs(data, val->macs);
  return XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";
