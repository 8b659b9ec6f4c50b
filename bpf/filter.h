/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * May a packet be ours at all? Asked for what the flow table does not know, and for all that leaves. Most is not: Pod
 * to Pod, the node's own, what other nodes send to our Pods.
 */
#ifndef SP_BPF_FILTER_H
#define SP_BPF_FILTER_H

#include "bpf/network.h"
#include "maps/filter.h"

static __always_inline __u32 filter_bit(const __be32 *from, __be16 port, __u8 proto, const enum af af)
{
	struct sp_addr addr;

	addr_widen(&addr, from, af);
	return sp_filter_bit(addr.w[0], addr.w[1], addr.w[2], addr.w[3], port, proto);
}

static __always_inline __u32 filter_dst_bit(struct flow_key *key, const enum af af)
{
	return filter_bit(key_daddr(key, af), *key_dport(key, af), key_proto(key, af), af);
}

/* Of the address alone: clients come with ever new ports, and each would be another line of the filter. */
static __always_inline __u32 filter_host_bit(const __be32 *addr, const enum af af)
{
	return filter_bit(addr, 0, SP_FILTER_SOURCE, af);
}

static __always_inline __u32 filter_src_bit(struct flow_key *key, const enum af af)
{
	return filter_bit(key_saddr(key, af), *key_sport(key, af), key_proto(key, af) | SP_FILTER_SOURCE, af);
}

static __always_inline __u64 *filter_word(__u32 bit)
{
	__u32 row = bit / 64;

	return bpf_map_lookup_elem(&sp_filter, &row);
}

static __always_inline int filter_has(__u32 bit)
{
	__u64 *word = filter_word(bit);

	return !word || (*word >> bit % 64 & 1);
}

/* All CPUs read these lines: written once, then only looked at. */
static __always_inline void filter_set(__u32 bit)
{
	__u64 *word = filter_word(bit);

	if (word && !(*word & 1ull << bit % 64))
		__sync_fetch_and_or(word, 1ull << bit % 64);
}

/*
 * Before the reply half of this key stands: no packet of it may find the bit clear. What leaves for its client is known
 * by its source, a backend here, whose filter_host_bit() is set by then: of clients there is no end, and they would
 * fill the filter.
 */
static __always_inline void filter_add(struct flow_key *key, __u8 flags, const enum af af)
{
	filter_set(flags & SP_FLOW_EGRESS ? filter_src_bit(key, af) : filter_dst_bit(key, af));
}

/*
 * Is a packet whose flow is unknown worth the lookups of new_flow.h? A SYN always is: it may begin a connection with
 * the tuple of an ended one. So is what goes to a Service's address, whatever its port.
 */
static __always_inline int may_be_ours(struct flow_key *key, const struct pkt *p, const enum af af)
{
	struct sp_addr addr;

	if (filter_has(filter_dst_bit(key, af)))
		return 1;
	if (p->proto == IPPROTO_TCP && (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN)
		return 1;
	addr_widen(&addr, key_daddr(key, af), af);
	return service_network(&addr, af) != NULL;
}

/* The same where packets leave, whatever is known of their flow: most went through another hook, or need none. */
static __always_inline int may_leave_changed(struct flow_key *key, const struct pkt *p, const enum af af)
{
	return (filter_has(filter_host_bit(key_saddr(key, af), af)) && filter_has(filter_src_bit(key, af))) ||
	       may_be_ours(key, p, af);
}

#endif
