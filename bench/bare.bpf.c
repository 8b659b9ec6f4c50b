// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Yardsticks for bench/hot_path.cpp.
 *
 * bare: the least that a translating program can do: parse, one hash lookup, rewrite with checksums summed on the spot,
 * transmit. No VLAN, no options, no TCP state, no aging, no counters, no next hop check.
 * restore: puts the frame back as it was and runs the program under test; noop stands in for it to measure restore
 * alone.
 */
#include "bpf/tuple.h"

struct bare_val {
  __be32 saddr;
  __be32 daddr;
  __be16 sport;
  __be16 dport;
  __u8 dmac[ETH_ALEN];
  __u8 smac[ETH_ALEN];
};

#define FRAME_BYTES 54

struct frame {
  __u8 bytes[FRAME_BYTES];
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1048576);
  __type(key, struct sp_flow4_key);
  __type(value, struct bare_val);
} bare_flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct frame);
} frames SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} under_test SEC(".maps");

static __always_inline __u16 csum_swap(__u16 check, __u32 old_sum, __u32 new_sum) {
  return csum_apply(check, csum_fold(csum_fold(new_sum) + (__u16)~csum_fold(old_sum)));
}

SEC("xdp")
int bare(struct xdp_md* ctx) {
  void *data = (void*)(long)ctx->data, *end = (void*)(long)ctx->data_end;
  struct ethhdr* eth = data;
  struct iphdr* ip = data + sizeof(*eth);
  struct tcphdr* tcp = (void*)(ip + 1);
  struct sp_flow4_key key = {};
  struct bare_val* val;
  __u32 old_addrs, new_addrs, old_ports, new_ports;

  if ((void*)(tcp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5 || ip->protocol != IPPROTO_TCP)
    return XDP_PASS;
  key.saddr = ip->saddr;
  key.daddr = ip->daddr;
  key.sport = tcp->source;
  key.dport = tcp->dest;
  key.proto = IPPROTO_TCP;
  val = bpf_map_lookup_elem(&bare_flows, &key);
  if (!val) return XDP_PASS;
  old_addrs = csum_add32(csum_add32(0, ip->saddr), ip->daddr);
  new_addrs = csum_add32(csum_add32(0, val->saddr), val->daddr);
  old_ports = (__u32)tcp->source + tcp->dest;
  new_ports = (__u32)val->sport + val->dport;
  ip->saddr = val->saddr;
  ip->daddr = val->daddr;
  ip->check = csum_apply(csum_swap(ip->check, old_addrs, new_addrs), CSUM_TTL_DELTA);
  ip->ttl--;
  tcp->source = val->sport;
  tcp->dest = val->dport;
  tcp->check = csum_swap(tcp->check, old_addrs + old_ports, new_addrs + new_ports);
  __builtin_memcpy(eth, val->dmac, 2 * ETH_ALEN);
  return XDP_TX;
}

SEC("xdp")
int noop(struct xdp_md* ctx) {
  (void)ctx;
  return XDP_TX;
}

SEC("xdp")
int restore(struct xdp_md* ctx) {
  void *data = (void*)(long)ctx->data, *end = (void*)(long)ctx->data_end;
  __u32 zero = 0;
  struct frame* frame = bpf_map_lookup_elem(&frames, &zero);

  if (!frame || data + FRAME_BYTES > end) return XDP_ABORTED;
  __builtin_memcpy(data, frame->bytes, FRAME_BYTES);
  bpf_tail_call(ctx, &under_test, 0);
  return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "GPL";
