/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * tc: applies a rule to an skb. The helpers know whether its checksum is finished (CHECKSUM_PARTIAL of a Pod's
 * offloads), which direct writes could not.
 */
#ifndef SP_BPF_REWRITE_SKB_H
#define SP_BPF_REWRITE_SKB_H

#include <stddef.h>

#include "bpf/flow.h"

/* L4 checksum: the addresses as part of the pseudo-header, then the ports. */
static __always_inline int skb_l4_csum(struct __sk_buff *skb, const struct pkt *p, const struct sp_flow_rule *rule)
{
	const int udp = p->proto == IPPROTO_UDP;
	__u32 offset = p->l4_off + (udp ? offsetof(struct udphdr, check) : offsetof(struct tcphdr, check));
	__u64 flags = udp ? BPF_F_MARK_MANGLED_0 : 0;
	__u16 ports = csum_fold((__u32)rule->l4_delta + (__u16)~rule->l3_delta);

	if (bpf_l4_csum_replace(skb, offset, 0, rule->l3_delta, flags | BPF_F_PSEUDO_HDR))
		return -SP_DROP_REWRITE;
	if (bpf_l4_csum_replace(skb, offset, 0, ports, flags))
		return -SP_DROP_REWRITE;
	return 0;
}

/* Translates a reply of a local backend. Packet pointers are invalid afterwards. */
static __always_inline int skb_rewrite(struct __sk_buff *skb, const struct pkt *p, void *val, const enum af af)
{
	const __u32 addr_size = af == AF4 ? 4 : 16;
	struct sp_flow_rule *rule = val_rule(val, af);
	__u32 saddr_off = p->l3_off + (af == AF4 ? offsetof(struct iphdr, saddr) : offsetof(struct ipv6hdr, saddr));
	__be16 ports[2] = {rule->sport, rule->dport};

	if (skb_l4_csum(skb, p, rule))
		return -SP_DROP_REWRITE;
	if (af == AF4 && bpf_l3_csum_replace(skb, p->l3_off + offsetof(struct iphdr, check), 0, rule->l3_delta, 0))
		return -SP_DROP_REWRITE;
	if (bpf_skb_store_bytes(skb, saddr_off, val_saddr(val, af), addr_size, 0) ||
	    bpf_skb_store_bytes(skb, saddr_off + addr_size, val_daddr(val, af), addr_size, 0) ||
	    bpf_skb_store_bytes(skb, p->l4_off, ports, sizeof(ports), 0))
		return -SP_DROP_REWRITE;
	return 0;
}

#endif
