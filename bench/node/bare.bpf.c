// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Yardsticks of bench_node: the least that a program can do to send a request on to a backend.
 *
 * bare_redirect: the same backend for every packet and nothing looked up; destination alone is rewritten. bare_lookup:
 * one hash lookup tells addresses, ports and what they do to checksums. Both write MACs and transmit. No VLAN, no
 * options, no TCP state, no aging, no counters, no next hop check.
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

/*
 * Keys are hashed and compared by words of 4 and 8 bytes right after they are written: narrower stores would make those
 * loads wait.
 */
union flow_words {
  struct sp_flow4_key key;
  __u64 words[2];
};

/* The frame, or NULL where the packet is none of ours. */
static __always_inline void* bare_parse(struct xdp_md* ctx) {
  void *data = (void*)(long)ctx->data, *end = (void*)(long)ctx->data_end;
  struct iphdr* ip = data + ETH_HLEN;

  if (data + ETH_HLEN + sizeof(*ip) + sizeof(struct tcphdr) > end ||
      *(const __be16*)(data + 2 * ETH_ALEN) != bpf_htons(ETH_P_IP) || ip->ihl != 5 || ip->protocol != IPPROTO_TCP)
    return NULL;
  return data;
}

static __always_inline int bare_send(void* frame, const struct bare_rule* rule, const int whole) {
  struct iphdr* ip = frame + ETH_HLEN;
  struct tcphdr* tcp = (void*)(ip + 1);
  __u32* macs = frame;

  if (whole) {
    ip->saddr = rule->saddr;
    tcp->source = rule->sport;
  }
  ip->daddr = rule->daddr;
  ip->check = csum_apply(ip->check, rule->l3_delta);
  ip->ttl--;
  tcp->dest = rule->dport;
  tcp->check = csum_apply(tcp->check, rule->l4_delta);
  macs[0] = rule->macs[0];
  macs[1] = rule->macs[1];
  macs[2] = rule->macs[2];
  return XDP_TX;
}

SEC("xdp")
int bare_redirect(struct xdp_md* ctx) {
  void* frame = bare_parse(ctx);

  return frame ? bare_send(frame, &bare_rule, 0) : XDP_PASS;
}

SEC("xdp")
int bare_lookup(struct xdp_md* ctx) {
  void* frame = bare_parse(ctx);
  struct bare_rule* rule;
  union flow_words flow;
  struct iphdr* ip;

  if (!frame) return XDP_PASS;
  ip = frame + ETH_HLEN;
  flow.words[0] = *(const __u64*)&ip->saddr;
  flow.words[1] = *(const __u32*)(ip + 1) | (__u64)IPPROTO_TCP << 32;
  rule = bpf_map_lookup_elem(&bare_flows, &flow);
  return rule ? bare_send(frame, rule, 1) : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
