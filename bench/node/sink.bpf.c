// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The far side of bench_node: counts what comes out of a node and drops it. At the other end of the uplink that is XDP,
 * at the Pod's end of a veth tc ingress.
 *
 * While it inspects, it also sums the checksums up and remembers into what each request was translated.
 */
#include <linux/pkt_cls.h>

#include "bench/node/far_side.h"

struct seen seen;

/* Sum over `words` 16-bit words. */
static __always_inline __u32 sum_words(const __u16* at, const int words) {
  __u32 sum = 0;

#pragma clang loop unroll(full)
  for (int i = 0; i < words; ++i) sum += at[i];
  return sum;
}

/* Whatever is behind the TCP header is zero. */
static __always_inline int is_broken(const struct iphdr* ip, const struct tcphdr* tcp) {
  __u32 l4_bytes = bpf_ntohs(ip->tot_len) - sizeof(*ip);
  __u32 l3_sum = sum_words((const __u16*)ip, sizeof(*ip) / 2);
  __u32 l4_sum = sum_words((const __u16*)tcp, sizeof(*tcp) / 2) + sum_words((const __u16*)&ip->saddr, 4) +
                 bpf_htons(l4_bytes) + bpf_htons(IPPROTO_TCP);

  return csum_fold(l3_sum) != 0xffff || csum_fold(l4_sum) != 0xffff;
}

static __always_inline void learn(const struct iphdr* ip, const struct tcphdr* tcp) {
  __u32 flow = bpf_ntohl(tcp->seq);
  struct translated* to = bpf_map_lookup_elem(&learned, &flow);

  if (!to) return;
  to->saddr = ip->saddr;
  to->daddr = ip->daddr;
  to->sport = tcp->source;
}

static __always_inline void look(void* data, void* end) {
  struct ethhdr* eth = data;
  struct iphdr* ip = data + sizeof(*eth);
  struct tcphdr* tcp = (void*)(ip + 1);
  int is_request;

  if ((void*)(tcp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_TCP) return;
  is_request = tcp->dest == bpf_htons(BACKEND_PORT);
  if (is_request)
    ++seen.requests;
  else if ((bpf_ntohl(ip->daddr) & 0xffff0000) == FIRST_CLIENT)
    ++seen.answers;
  if (!seen.inspects) return;
  seen.broken += is_broken(ip, tcp);
  if (is_request && tcp->syn) learn(ip, tcp);
}

/* The other end of the uplink. */
SEC("xdp")
int sink_wire(struct xdp_md* ctx) {
  look((void*)(long)ctx->data, (void*)(long)ctx->data_end);
  return XDP_DROP;
}

/* A Pod: its stack has an skb by now. */
SEC("tc")
int sink_pod(struct __sk_buff* skb) {
  look((void*)(long)skb->data, (void*)(long)skb->data_end);
  return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "GPL";
