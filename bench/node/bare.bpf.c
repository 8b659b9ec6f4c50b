// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Yardsticks of bench_node: the least that a program can do to send a request on to a backend.
 *
 * bare_redirect: the same backend for every packet and nothing looked up; destination alone is rewritten. bare_lookup:
 * one hash lookup tells addresses, ports and what they do to checksums. Both write MACs and transmit. bare_to_stack:
 * one hash lookup as well, and the stack does the rest of the way to a Pod. No VLAN, no options, no TCP state, no
 * aging, no counters, no next hop check.
 */
#include "bench/node/far_side.h"
#include "bench/yardstick.h"

struct bare4_val bare_rule;

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, MAX_FLOWS);
  __type(key, struct sp_flow4_key);
  __type(value, struct bare4_val);
} bare_flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, MAX_LOCAL_FLOWS);
  __type(key, struct sp_flow4_key);
  __type(value, struct bare4_val);
} bare_local_flows SEC(".maps");

/* The frame, or NULL where the packet is none of ours. */
static __always_inline void* bare_parse(struct xdp_md* ctx) {
  void *data = (void*)(long)ctx->data, *end = (void*)(long)ctx->data_end;
  struct iphdr* ip = data + ETH_HLEN;

  if (data + ETH_HLEN + sizeof(*ip) + sizeof(struct tcphdr) > end ||
      *(const __be16*)(data + 2 * ETH_ALEN) != bpf_htons(ETH_P_IP) || ip->ihl != 5 || ip->protocol != IPPROTO_TCP)
    return NULL;
  return data;
}

static __always_inline void bare_rewrite(void* frame, const struct bare4_val* rule, const int whole) {
  struct iphdr* ip = frame + ETH_HLEN;
  struct tcphdr* tcp = (void*)(ip + 1);

  if (whole) {
    ip->saddr = rule->saddr;
    tcp->source = rule->sport;
  }
  ip->daddr = rule->daddr;
  ip->check = csum_apply(ip->check, rule->l3_delta);
  tcp->dest = rule->dport;
  tcp->check = csum_apply(tcp->check, rule->l4_delta);
}

static __always_inline int bare_send(void* frame, const struct bare4_val* rule, const int whole) {
  struct iphdr* ip = frame + ETH_HLEN;

  bare_rewrite(frame, rule, whole);
  ip->ttl--;
  write_macs(frame, rule->macs);
  return XDP_TX;
}

static __always_inline struct bare4_val* bare_find(void* flows, const void* frame) {
  const struct iphdr* ip = frame + ETH_HLEN;
  struct flow_key flow;

  flow.words[0] = *(const __u64*)&ip->saddr;
  flow.words[1] = key_l4_word(*(const __be32*)(ip + 1), IPPROTO_TCP);
  return bpf_map_lookup_elem(flows, &flow);
}

SEC("xdp")
int bare_redirect(struct xdp_md* ctx) {
  void* frame = bare_parse(ctx);

  return frame ? bare_send(frame, &bare_rule, 0) : XDP_PASS;
}

SEC("xdp")
int bare_lookup(struct xdp_md* ctx) {
  void* frame = bare_parse(ctx);
  struct bare4_val* rule = frame ? bare_find(&bare_flows, frame) : NULL;

  return rule ? bare_send(frame, rule, 1) : XDP_PASS;
}

SEC("xdp")
int bare_to_stack(struct xdp_md* ctx) {
  void* frame = bare_parse(ctx);
  struct bare4_val* rule = frame ? bare_find(&bare_local_flows, frame) : NULL;

  if (rule) bare_rewrite(frame, rule, 0);
  return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
