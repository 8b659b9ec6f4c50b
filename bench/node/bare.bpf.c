// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Yardsticks of bench_node: the least that a program can do to send a request on to a backend.
 *
 * bare_redirect: the same backend for every packet, without asking any table. bare_lookup: where to is one hash lookup
 * away. Both rewrite addresses, ports, MACs and checksums and transmit. No VLAN, no options, no TCP state, no aging, no
 * counters, no next hop check, no way back.
 */
#include "bench/node/bare.h"
#include "bench/node/far_side.h"

struct bare_rule bare_rule;

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, MAX_FLOWS);
  __type(key, struct sp_flow4_key);
  __type(value, struct bare_rule);
} bare_flows SEC(".maps");

/* The three headers, or NULL where the packet is none of ours. */
static __always_inline struct ethhdr* bare_parse(struct xdp_md* ctx) {
  void *data = (void*)(long)ctx->data, *end = (void*)(long)ctx->data_end;
  struct ethhdr* eth = data;
  struct iphdr* ip = data + sizeof(*eth);

  if (data + sizeof(*eth) + sizeof(*ip) + sizeof(struct tcphdr) > end || eth->h_proto != bpf_htons(ETH_P_IP) ||
      ip->ihl != 5 || ip->protocol != IPPROTO_TCP)
    return NULL;
  return eth;
}

static __always_inline int bare_send(struct ethhdr* eth, const struct bare_rule* rule) {
  struct iphdr* ip = (void*)(eth + 1);
  struct tcphdr* tcp = (void*)(ip + 1);
  __u32 old_addrs = csum_add32(csum_add32(0, ip->saddr), ip->daddr);
  __u32 new_addrs = csum_add32(csum_add32(0, rule->saddr), rule->daddr);
  __u32 old_ports = (__u32)tcp->source + tcp->dest;
  __u32 new_ports = (__u32)rule->sport + rule->dport;
  __u16 addrs = csum_fold(csum_fold(new_addrs) + (__u16)~csum_fold(old_addrs));
  __u16 ports = csum_fold(csum_fold(new_ports) + (__u16)~csum_fold(old_ports));

  ip->saddr = rule->saddr;
  ip->daddr = rule->daddr;
  ip->check = csum_apply(csum_apply(ip->check, addrs), CSUM_TTL_DELTA);
  ip->ttl--;
  tcp->source = rule->sport;
  tcp->dest = rule->dport;
  tcp->check = csum_apply(csum_apply(tcp->check, addrs), ports);
  __builtin_memcpy(eth, rule->macs, sizeof(rule->macs));
  return XDP_TX;
}

SEC("xdp")
int bare_redirect(struct xdp_md* ctx) {
  struct ethhdr* eth = bare_parse(ctx);

  return eth ? bare_send(eth, &bare_rule) : XDP_PASS;
}

SEC("xdp")
int bare_lookup(struct xdp_md* ctx) {
  struct ethhdr* eth = bare_parse(ctx);
  struct sp_flow4_key key = {};
  struct bare_rule* rule;
  struct iphdr* ip;
  struct tcphdr* tcp;

  if (!eth) return XDP_PASS;
  ip = (void*)(eth + 1);
  tcp = (void*)(ip + 1);
  key.saddr = ip->saddr;
  key.daddr = ip->daddr;
  key.sport = tcp->source;
  key.dport = tcp->dest;
  key.proto = IPPROTO_TCP;
  rule = bpf_map_lookup_elem(&bare_flows, &key);
  return rule ? bare_send(eth, rule) : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
