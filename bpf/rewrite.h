/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * XDP: applies a rule to a packet and sends it on. Every write stands beside its checksum.
 */
#ifndef SP_BPF_REWRITE_H
#define SP_BPF_REWRITE_H

#include "bpf/meta.h"
#include "bpf/next_hop.h"

static __always_inline void rewrite_l3(const struct pkt *p, void *val, int hop, const enum af af)
{
	addrs_write(pkt_saddr(p, af), val_saddr(val, af), af);
	if (af == AF4) {
		struct iphdr *ip = p->l3;

		ip->check = csum_apply(ip->check, val_rule(val, AF4)->l3_delta);
		if (hop)
			ip->ttl--;
	} else {
		struct ipv6hdr *ip = p->l3;

		if (hop)
			ip->hop_limit--;
	}
}

static __always_inline void rewrite_l4(const struct pkt *p, const struct sp_flow_rule *rule)
{
	/* TCP and UDP have their ports in the same place (RFC 9293, 3.1; RFC 768), side by side as in the rule. */
	*(__be32 *)p->l4 = *(const __be32 *)&rule->sport;
	if (p->proto == IPPROTO_TCP)
		*p->check = csum_apply(*p->check, rule->l4_delta);
	else
		*p->check = csum_apply_udp(*p->check, rule->l4_delta);
}

/* The ways out that need tc ingress or the stack. Packet pointers are invalid afterwards. */
static __always_inline int indirect_leave(struct xdp_md *ctx, const struct pkt *p, const struct sp_flow_rule *rule,
					  __u8 action)
{
	if (!(rule->flags & SP_FLOW_POD))
		return neigh_leave(ctx, p, rule->ifindex);
	if (sp_cfg_local_delivery && action == SP_ACTION_PEER && !p->vlan_tags)
		return peer_leave(ctx, rule);
	return XDP_PASS;
}

/* By words: struct ethhdr is packed, and a copy of it would go byte by byte. */
static __always_inline void rewrite_l2(const struct pkt *p, const struct sp_flow_rule *rule)
{
	const __u32 *from = (const __u32 *)rule->dmac;
	__u32 *to = p->eth;

	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
}

/* Translates the packet by `val`, whose next hop is current, and returns the XDP action or a reason. */
static __always_inline int forward(struct xdp_md *ctx, const struct pkt *p, void *val, const enum af af)
{
	struct sp_flow_rule *rule = val_rule(val, af);
	__u8 action = rule->action;
	__u32 ifindex = rule->ifindex;
	const int hop = action != SP_ACTION_LOCAL;

	if (hop) {
		if (unlikely(hops_left(p, af) <= 1))
			return -SP_DROP_TTL;
		if (unlikely(rule->mtu && p->l3_len > rule->mtu)) {
			if (!(rule->flags & SP_FLOW_POD))
				return -SP_DROP_TOO_BIG;
			/* The stack fragments it, or says why not. */
			action = SP_ACTION_NEIGH;
		}
	}
	rewrite_l3(p, val, hop, af);
	rewrite_l4(p, rule);
	count_service(rule->service_id, p->len);
	if (action == SP_ACTION_LOCAL)
		return XDP_PASS;
	if (unlikely(action != SP_ACTION_FORWARD))
		return indirect_leave(ctx, p, rule, action);
	if (likely(ifindex == ctx->ingress_ifindex)) {
		rewrite_l2(p, rule);
		return XDP_TX;
	}
	/* A VLAN tag belongs to the link that it came by. */
	if (unlikely(p->vlan_tags))
		return indirect_leave(ctx, p, rule, SP_ACTION_NEIGH);
	rewrite_l2(p, rule);
	return (int)bpf_redirect_map(&sp_tx_ports, ifindex, XDP_DROP);
}

#endif
