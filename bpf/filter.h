/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * May a packet that the flow table does not know be ours at all? Most are not: Pod to Pod, the node's own, what other
 * nodes send to our Pods.
 */
#ifndef SP_BPF_FILTER_H
#define SP_BPF_FILTER_H

#include "bpf/network.h"
#include "maps/filter.h"

static __always_inline __u32 filter_bit(struct flow_key *key, const enum af af)
{
	struct sp_addr addr;

	addr_widen(&addr, key_daddr(key, af), af);
	return sp_filter_bit(addr.w[0], addr.w[1], addr.w[2], addr.w[3], *key_dport(key, af), key_proto(key, af));
}

/* Before the entry whose packets have this destination: no packet of it may find the bit clear. */
static __always_inline void filter_add(struct flow_key *key, const enum af af)
{
	__u32 bit = filter_bit(key, af), row = bit / 64;
	__u64 *word = bpf_map_lookup_elem(&sp_dst_filter, &row);

	/* All CPUs read these lines: written once, then only looked at. */
	if (word && !(*word & 1ull << bit % 64))
		__sync_fetch_and_or(word, 1ull << bit % 64);
}

static __always_inline int filter_has(struct flow_key *key, const enum af af)
{
	__u32 bit = filter_bit(key, af), row = bit / 64;
	__u64 *word = bpf_map_lookup_elem(&sp_dst_filter, &row);

	return !word || (*word >> bit % 64 & 1);
}

/*
 * Is a packet whose flow is unknown worth the lookups of new_flow.h? A SYN always is: it may begin a connection with
 * the tuple of an ended one. So is what goes to a Service's address, whatever its port.
 */
static __always_inline int may_be_ours(struct flow_key *key, const struct pkt *p, const enum af af)
{
	struct sp_addr addr;

	if (filter_has(key, af))
		return 1;
	if (p->proto == IPPROTO_TCP && (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN)
		return 1;
	addr_widen(&addr, key_daddr(key, af), af);
	return service_network(&addr, af) != NULL;
}

#endif
