/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Packet metadata: how XDP tells tc ingress that a packet is translated and only lacks its neighbour. The stack itself
 * could not carry it: its source is an address of this node, which IPv4 refuses on input (fib_validate_source).
 */
#ifndef SP_BPF_META_H
#define SP_BPF_META_H

#include "bpf/pkt.h"
#include "bpf/verdict.h"

#define META_MAGIC 0x53414c59u

struct meta {
	__u32 magic;
	/* Device to leave by. */
	__u32 ifindex;
};

/* Passes a translated packet to tc ingress, which sends it out of `ifindex`. Packet pointers are invalid afterwards. */
static __always_inline int neigh_leave(struct xdp_md *ctx, const struct pkt *p, __u32 ifindex)
{
	struct meta *meta;

	count(SP_NOTE_NEIGH, p->len);
	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*meta)))
		return -SP_DROP_NO_META;
	meta = (void *)(long)ctx->data_meta;
	if ((void *)(meta + 1) > (void *)(long)ctx->data)
		return -SP_DROP_NO_META;
	meta->magic = META_MAGIC;
	meta->ifindex = ifindex;
	return XDP_PASS;
}

/*
 * tc ingress: the device that XDP chose, or 0 when the packet is none of ours. The mark is wiped: a veth carries
 * metadata to the next namespace, whose own tc ingress would send the packet back.
 */
static __always_inline __u32 neigh_enter(struct __sk_buff *skb)
{
	struct meta *meta = (void *)(long)skb->data_meta;

	if ((void *)(meta + 1) > (void *)(long)skb->data || meta->magic != META_MAGIC)
		return 0;
	meta->magic = 0;
	return meta->ifindex;
}

#endif
