/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * XDP, REJECT: answers in place of a service without endpoints. TCP gets a reset, UDP an ICMP port unreachable.
 *
 * The answer leaves where the packet came in, addresses swapped; tags stay. Packet pointers are invalid afterwards.
 */
#ifndef SP_BPF_REJECT_H
#define SP_BPF_REJECT_H

#include "bpf/icmp.h"
#include "bpf/reset.h"
#include "bpf/verdict.h"

/* Turns the segment into its reset; IP options and extension headers are dropped with the payload. */
static __always_inline int reject_tcp(struct xdp_md *ctx, const struct pkt *p, const enum af af)
{
	const __u32 l3_size = af == AF4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	struct reset reset;

	if (reset_read(&reset, p, af) || reset_write(p->l3, p->end, &reset, af))
		return -SP_DROP_REWRITE;
	swap_macs(p->eth);
	if (bpf_xdp_adjust_tail(ctx, (int)(p->l3_off + l3_size + sizeof(struct tcphdr)) - (int)p->len))
		return -SP_DROP_REWRITE;
	return XDP_TX;
}

/* Moves the link header `distance` bytes to the front, where adjust_head made room, and turns it round. */
static __always_inline int link_header_move(void *data, void *end, __u32 distance, __u32 l2_len)
{
	struct ethhdr *to = data, *from = data + distance;
	__be16 *to_tags, *from_tags;

	if ((void *)from + ETH_HLEN + SP_MAX_VLAN_TAGS * 4 > end)
		return -SP_DROP_REWRITE;
	__builtin_memcpy(to->h_dest, from->h_source, ETH_ALEN);
	__builtin_memcpy(to->h_source, from->h_dest, ETH_ALEN);
	to_tags = data + 2 * ETH_ALEN;
	from_tags = data + distance + 2 * ETH_ALEN;
	for (__u32 i = 0; i < 1 + SP_MAX_VLAN_TAGS * 2; i++) {
		if (i * 2 >= l2_len - 2 * ETH_ALEN)
			break;
		to_tags[i] = from_tags[i];
	}
	return 0;
}

/* New headers go in front of the UDP packet, its own stay as the quote. */
static __always_inline int reject_udp(struct xdp_md *ctx, const struct pkt *p, const enum af af)
{
	const __u32 l3_size = af == AF4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	const __u32 room = l3_size + sizeof(struct icmp_error);
	__u32 l2_len = p->l3_off, quote = p->l4_off - p->l3_off + sizeof(struct udphdr);
	__be32 saddr[4], daddr[4];
	void *data, *end;

	addr_copy(saddr, pkt_saddr(p, af), af);
	addr_copy(daddr, pkt_daddr(p, af), af);
	if (quote > QUOTE_MAX || l2_len > ETH_HLEN + SP_MAX_VLAN_TAGS * 4)
		return -SP_DROP_REWRITE;
	if (bpf_xdp_adjust_tail(ctx, (int)(l2_len + quote) - (int)p->len) || bpf_xdp_adjust_head(ctx, -(int)room))
		return -SP_DROP_REWRITE;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (link_header_move(data, end, room, l2_len) || icmp_write(data + l2_len, end, saddr, daddr, quote, af))
		return -SP_DROP_REWRITE;
	return XDP_TX;
}

static __always_inline int reject(struct xdp_md *ctx, const struct pkt *p, const enum af af)
{
	return p->proto == IPPROTO_TCP ? reject_tcp(ctx, p, af) : reject_udp(ctx, p, af);
}

/* Drops and rejects, as an XDP action. Parses anew: a stage may have moved the packet. */
static __always_inline int xdp_refuse(struct xdp_md *ctx, __u32 reason, const enum af af)
{
	struct pkt p = {};
	int ret;

	parse_ethernet((void *)(long)ctx->data, (void *)(long)ctx->data_end, &p);
	if (!p.l3 || parse_ip(&p, af))
		return XDP_DROP;
	if (sp_cfg_events)
		event_emit(&p, reason, ctx->ingress_ifindex, af);
	if (reason >= SP_REASON_DROP_FIRST)
		return XDP_DROP;
	ret = reject(ctx, &p, af);
	if (ret >= 0)
		return ret;
	count(-ret, p.len);
	return XDP_DROP;
}

__noinline int sp_xdp_refuse4(struct xdp_md *ctx, __u32 reason)
{
	return xdp_refuse(ctx, reason, AF4);
}

__noinline int sp_xdp_refuse6(struct xdp_md *ctx, __u32 reason)
{
	return xdp_refuse(ctx, reason, AF6);
}

#endif
