/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * tc: how an skb is opened for parsing, and how it leaves for another device.
 */
#ifndef SP_BPF_SKB_H
#define SP_BPF_SKB_H

#include "bpf/parse.h"

#define TC_ACT_OK   0
#define TC_ACT_SHOT 2

/* Bytes that must be linear for the headers of any packet that we translate. */
#define HEADERS_MAX 128

/*
 * tc_index of a packet that was translated and sent to another device, where egress lets it pass: two Services whose
 * endpoints are each other's frontends would send it to and fro until the stack of the kernel is full.
 */
#define TC_INDEX_TRANSLATED 0x5350

static __always_inline void skb_pull(struct __sk_buff *skb)
{
	__u32 wanted = skb->len < HEADERS_MAX ? skb->len : HEADERS_MAX;

	/* A short packet that lies in one piece stays as it is. */
	if ((void *)(long)skb->data + wanted > (void *)(long)skb->data_end)
		bpf_skb_pull_data(skb, wanted);
}

/* Parses the link header; the rest of `p` is for parse_ip(). The ethertype, or 0. */
static __always_inline __be16 skb_parse(struct __sk_buff *skb, struct pkt *p)
{
	__be16 ethertype = parse_ethernet((void *)(long)skb->data, (void *)(long)skb->data_end, p);

	p->len = skb->len;
	return ethertype;
}

/* Had this packet been translated before it got here? */
static __always_inline int skb_translated(struct __sk_buff *skb)
{
	if (likely(skb->tc_index != TC_INDEX_TRANSLATED))
		return 0;
	skb->tc_index = 0;
	return 1;
}

/*
 * Sends the packet out of `ifindex`, to the neighbour that the kernel finds there. Tags belonged to the link that it
 * came by.
 */
static __always_inline int skb_send(struct __sk_buff *skb, __u8 vlan_tags, __u32 ifindex)
{
	if (unlikely(skb->vlan_present))
		bpf_skb_vlan_pop(skb);
	if (unlikely(vlan_tags >= 1))
		bpf_skb_vlan_pop(skb);
	if (unlikely(vlan_tags >= 2))
		bpf_skb_vlan_pop(skb);
	skb->tc_index = TC_INDEX_TRANSLATED;
	return (int)bpf_redirect_neigh(ifindex, NULL, 0, 0);
}

/* The loopback device of every network namespace. */
#define LOOPBACK_IFINDEX 1

/*
 * Gives a packet from a device of Pods to this node's stack as if it had come by loopback. Its source is a frontend's
 * now, and rp_filter (IPv4 alone has it), even a loose one, drops every source but the Pod's at a device that has no
 * address itself. Loopback's address is all zeros: a frame to any other is somebody else's.
 */
static __always_inline int skb_deliver(struct __sk_buff *skb)
{
	const __u8 loopback[ETH_ALEN] = {};

	if (bpf_skb_store_bytes(skb, 0, loopback, sizeof(loopback), 0))
		return -SP_DROP_REWRITE;
	return (int)bpf_redirect(LOOPBACK_IFINDEX, BPF_F_INGRESS);
}

#endif
