/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * tc, REJECT and DROP: the answers of reject.h, made of an skb. It goes back where its sender is: out of the device
 * that it came by, or up the stack when a process of the node sent it.
 *
 * The frame is built anew and not turned round: an skb may say of itself that its checksum is still to be finished, at
 * a place where the answer has none. No helper takes that back; it ends when the bytes in question are pulled away.
 */
#ifndef SP_BPF_REJECT_SKB_H
#define SP_BPF_REJECT_SKB_H

#include "bpf/icmp.h"
#include "bpf/place.h"
#include "bpf/reset.h"
#include "bpf/skb.h"

/* Keeps the frame up to its ports in scratch->head, with the MACs swapped, and the rest of it nowhere. */
static __always_inline int head_keep(struct __sk_buff *skb, const struct pkt *p, struct scratch *scratch)
{
	__u32 size = p->l4_off + sizeof(struct udphdr);

	if (size > sizeof(scratch->head) || bpf_skb_load_bytes(skb, 0, scratch->head, size))
		return -SP_DROP_REWRITE;
	swap_macs((struct ethhdr *)scratch->head);
	return 0;
}

/*
 * Makes the skb a frame of `size` bytes whose link header alone is written. First everything up to the ports is pulled
 * away, for which there must be enough behind it, since the kernel leaves an IP header's length in place.
 */
static __always_inline int frame_renew(struct __sk_buff *skb, struct scratch *scratch, __u32 l2_len, __u32 l4_off,
				       __u32 size, const enum af af)
{
	const __u32 l3_size = af == AF4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	__u32 pulled = l4_off + sizeof(__be16);

	if (l2_len < ETH_HLEN || l2_len > ETH_HLEN + SP_MAX_VLAN_TAGS * 4)
		return -SP_DROP_REWRITE;
	if (bpf_skb_change_tail(skb, l2_len + pulled + l3_size, 0) ||
	    bpf_skb_adjust_room(skb, -(__s32)pulled, BPF_ADJ_ROOM_MAC, 0) || bpf_skb_change_tail(skb, size, 0) ||
	    bpf_skb_store_bytes(skb, 0, scratch->head, l2_len, 0) || bpf_skb_pull_data(skb, size))
		return -SP_DROP_REWRITE;
	return 0;
}

static __always_inline int skb_reject_tcp(struct __sk_buff *skb, const struct pkt *p, struct scratch *scratch,
					  const enum af af)
{
	const __u32 l3_size = af == AF4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	__u32 l2_len = p->l3_off;
	struct reset reset;

	if (reset_read(&reset, p, af) || head_keep(skb, p, scratch) ||
	    frame_renew(skb, scratch, l2_len, p->l4_off, l2_len + l3_size + sizeof(struct tcphdr), af))
		return -SP_DROP_REWRITE;
	return reset_write((void *)(long)skb->data + l2_len, (void *)(long)skb->data_end, &reset, af);
}

static __always_inline int skb_reject_udp(struct __sk_buff *skb, const struct pkt *p, struct scratch *scratch,
					  const enum af af)
{
	const __u32 room = (af == AF4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) + sizeof(struct icmp_error);
	__u32 l2_len = p->l3_off, quote = p->l4_off - p->l3_off + sizeof(struct udphdr);
	__be32 saddr[4], daddr[4];

	addr_copy(saddr, pkt_saddr(p, af), af);
	addr_copy(daddr, pkt_daddr(p, af), af);
	if (quote < sizeof(struct udphdr) || quote > QUOTE_MAX || head_keep(skb, p, scratch) ||
	    frame_renew(skb, scratch, l2_len, p->l4_off, l2_len + room + quote, af))
		return -SP_DROP_REWRITE;
	if (l2_len > sizeof(scratch->head) - QUOTE_MAX ||
	    bpf_skb_store_bytes(skb, l2_len + room, scratch->head + l2_len, quote, 0))
		return -SP_DROP_REWRITE;
	return icmp_write((void *)(long)skb->data + l2_len, (void *)(long)skb->data_end, saddr, daddr, quote, af);
}

/* Drops and rejects, as a tc action; `redirect` are the flags of bpf_redirect() that lead back to the sender. */
static __always_inline int skb_refuse(struct __sk_buff *skb, __u32 reason, __u32 redirect, const enum af af)
{
	struct scratch *scratch = scratch_row();
	struct pkt p = {};
	int ret;

	skb_parse(skb, &p);
	if (!scratch || !p.l3 || parse_ip(&p, af))
		return TC_ACT_SHOT;
	if (sp_cfg_events)
		event_emit(&p, reason, skb->ifindex, af);
	if (reason >= SP_REASON_DROP_FIRST)
		return TC_ACT_SHOT;
	ret = p.proto == IPPROTO_TCP ? skb_reject_tcp(skb, &p, scratch, af) : skb_reject_udp(skb, &p, scratch, af);
	if (!ret)
		return (int)bpf_redirect(skb->ifindex, redirect);
	count(-ret, skb->len);
	return TC_ACT_SHOT;
}

__weak __noinline int sp_skb_refuse4(struct __sk_buff *skb, __u32 reason, __u32 redirect)
{
	return skb_refuse(skb, reason, redirect, AF4);
}

__weak __noinline int sp_skb_refuse6(struct __sk_buff *skb, __u32 reason, __u32 redirect)
{
	return skb_refuse(skb, reason, redirect, AF6);
}

#endif
