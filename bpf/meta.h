/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Packet metadata: how XDP tells tc ingress what is left to be done with a translated packet: to find its neighbour, or
 * to hand it to a Pod. The stack itself could not carry the former: its source is an address of this node, which IPv4
 * refuses on input (fib_validate_source). The latter it could, so that nothing is lost with the metadata.
 */
#ifndef SP_BPF_META_H
#define SP_BPF_META_H

#include "bpf/pkt.h"
#include "bpf/verdict.h"

#define META_MAGIC	0x53414c59u
#define META_MAGIC_PEER 0x53414c50u

struct meta {
	__u32 magic;
	/* Device to leave by. */
	__u32 ifindex;
};

struct peer_meta {
	/* The device is the Pod's veth of this side. */
	struct meta meta;
	/* The Ethernet addresses of its link; before tc, the stack would take a frame with them for somebody else's. */
	__u8 macs[2 * ETH_ALEN];
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

/* Passes a translated packet to tc ingress, which hands it to the Pod; without room for that, to the stack. */
static __always_inline int peer_leave(struct xdp_md *ctx, const struct sp_flow_rule *rule)
{
	struct peer_meta *peer;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*peer)))
		return XDP_PASS;
	peer = (void *)(long)ctx->data_meta;
	if ((void *)(peer + 1) > (void *)(long)ctx->data)
		return XDP_PASS;
	peer->meta.magic = META_MAGIC_PEER;
	peer->meta.ifindex = rule->ifindex;
	__builtin_memcpy(peer->macs, rule->dmac, sizeof(peer->macs));
	return XDP_PASS;
}

/* tc ingress: hands the packet to the Pod that XDP chose; 0 when it chose none. A tag belongs to the link here. */
static __always_inline int peer_enter(struct __sk_buff *skb)
{
	struct peer_meta *peer = (void *)(long)skb->data_meta;
	struct ethhdr *eth = (void *)(long)skb->data;

	if ((void *)(peer + 1) > (void *)eth || peer->meta.magic != META_MAGIC_PEER || skb->vlan_present ||
	    (void *)(eth + 1) > (void *)(long)skb->data_end)
		return 0;
	peer->meta.magic = 0;
	__builtin_memcpy(eth, peer->macs, sizeof(peer->macs));
	return (int)bpf_redirect_peer(peer->meta.ifindex, 0);
}

#endif
