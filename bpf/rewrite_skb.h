/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * tc: applies a rule to an skb and sends it on. The helpers know whether its checksum is finished (CHECKSUM_PARTIAL of
 * a Pod's offloads), which direct writes could not.
 */
#ifndef SP_BPF_REWRITE_SKB_H
#define SP_BPF_REWRITE_SKB_H

#include <stddef.h>

#include "bpf/flow.h"
#include "bpf/skb.h"

/* What the new addresses add to a sum: l3_delta, but for the TTL of a hop. */
static __always_inline __u16 addrs_delta(const struct sp_flow_rule *rule, int hop, const enum af af)
{
	if (af == AF4 && hop)
		return csum_fold((__u32)rule->l3_delta + (__u16)~CSUM_TTL_DELTA);
	return rule->l3_delta;
}

/* L4 checksum: the addresses as part of the pseudo-header, then the ports. */
static __always_inline int skb_l4_csum(struct __sk_buff *skb, const struct pkt *p, const struct sp_flow_rule *rule,
				       int hop, const enum af af)
{
	const int udp = p->proto == IPPROTO_UDP;
	__u32 offset = p->l4_off + (udp ? offsetof(struct udphdr, check) : offsetof(struct tcphdr, check));
	__u64 flags = udp ? BPF_F_MARK_MANGLED_0 : 0;
	__u16 addrs = addrs_delta(rule, hop, af);
	__u16 ports = csum_fold((__u32)rule->l4_delta + (__u16)~addrs);

	if (bpf_l4_csum_replace(skb, offset, 0, addrs, flags | BPF_F_PSEUDO_HDR))
		return -SP_DROP_REWRITE;
	if (bpf_l4_csum_replace(skb, offset, 0, ports, flags))
		return -SP_DROP_REWRITE;
	return 0;
}

/* Counts the hop; the IPv4 header's checksum has it in l3_delta already. */
static __always_inline int skb_hop(struct __sk_buff *skb, const struct pkt *p, __u8 left, const enum af af)
{
	__u32 offset = p->l3_off + (af == AF4 ? offsetof(struct iphdr, ttl) : offsetof(struct ipv6hdr, hop_limit));

	left--;
	return bpf_skb_store_bytes(skb, offset, &left, sizeof(left), af == AF6 ? BPF_F_RECOMPUTE_CSUM : 0)
		   ? -SP_DROP_REWRITE
		   : 0;
}

/* Translates the packet. Packet pointers are invalid afterwards. */
static __always_inline int skb_rewrite(struct __sk_buff *skb, const struct pkt *p, void *val, int hop, const enum af af)
{
	const __u32 addr_size = af == AF4 ? 4 : 16;
	struct sp_flow_rule *rule = val_rule(val, af);
	__u32 saddr_off = p->l3_off + (af == AF4 ? offsetof(struct iphdr, saddr) : offsetof(struct ipv6hdr, saddr));
	__be16 ports[2] = {rule->sport, rule->dport};

	if (skb_l4_csum(skb, p, rule, hop, af))
		return -SP_DROP_REWRITE;
	if (af == AF4 && bpf_l3_csum_replace(skb, p->l3_off + offsetof(struct iphdr, check), 0, rule->l3_delta, 0))
		return -SP_DROP_REWRITE;
	if (bpf_skb_store_bytes(skb, saddr_off, val_saddr(val, af), addr_size, 0) ||
	    bpf_skb_store_bytes(skb, saddr_off + addr_size, val_daddr(val, af), addr_size, 0) ||
	    bpf_skb_store_bytes(skb, p->l4_off, ports, sizeof(ports), 0))
		return -SP_DROP_REWRITE;
	return 0;
}

/* Translates the packet by `val`, whose next hop is current, and returns the tc action or a reason. */
static __always_inline int skb_forward(struct __sk_buff *skb, const struct pkt *p, void *val, const enum af af)
{
	struct sp_flow_rule *rule = val_rule(val, af);
	const int hop = rule->action != SP_ACTION_LOCAL;
	__u8 left = hops_left(p, af);
	int ret;

	if (hop) {
		if (unlikely(left <= 1))
			return -SP_DROP_TTL;
		/* A packet of offloads is cut to size later. */
		if (unlikely(rule->mtu && !skb->gso_size && p->l3_len > rule->mtu))
			return -SP_DROP_TOO_BIG;
	}
	count_service(rule->service_id, skb->len);
	ret = skb_rewrite(skb, p, val, hop, af);
	if (!ret && hop)
		ret = skb_hop(skb, p, left, af);
	if (ret)
		return ret;
	if (hop)
		return skb_send(skb, p->vlan_tags, rule->ifindex);
	/* A reply to a process of this node; to Pods, replies are translated where they leave. */
	if (af == AF4 && (rule->flags & (SP_FLOW_REPLY | SP_FLOW_EGRESS)) == SP_FLOW_REPLY)
		return skb_deliver(skb);
	return TC_ACT_OK;
}

#endif
