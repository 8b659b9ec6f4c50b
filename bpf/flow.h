/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The two flow tables: lookups, and what an established packet may change in its flow.
 *
 * An established packet does one lookup here and writes only when something changed: the tick (once a second) or a
 * first FIN or RST.
 */
#ifndef SP_BPF_FLOW_H
#define SP_BPF_FLOW_H

#include "bpf/maps.bpf.h"
#include "bpf/tuple.h"
#include "bpf/verdict.h"

static __always_inline void *flow_table(const enum af af)
{
	return af == AF4 ? (void *)&sp_flows4 : (void *)&sp_flows6;
}

static __always_inline void *embryo_table(const enum af af)
{
	return af == AF4 ? (void *)&sp_embryos4 : (void *)&sp_embryos6;
}

static __always_inline struct sp_config_val *config_row(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sp_config, &zero);
}

/* The clock of last_seen_tick: CLOCK_MONOTONIC in units of 2^SP_TICK_SHIFT ns, to the jiffy. */
static __always_inline __u32 tick_now(void)
{
	return (__u32)((bpf_jiffies64() - sp_tick_base) * sp_tick_mult >> 32);
}

static __always_inline void flow_touch(struct sp_flow_rule *rule)
{
	__u32 tick = tick_now();

	if (unlikely(rule->last_seen_tick != tick))
		rule->last_seen_tick = tick;
}

/* The pair has ended: reset by one side, or closed by both. */
static __always_inline int flow_closed(const struct sp_flow_rule *rule)
{
	return ((rule->tcp_flags | rule->peer_tcp_flags) & TCP_RST) ||
	       (rule->tcp_flags & rule->peer_tcp_flags & TCP_FIN);
}

/* Removes both halves of a pair from the table that holds it (I3). */
static __always_inline void pair_delete(void *table, struct flow_key *key, void *val, const enum af af)
{
	struct flow_key partner;

	key_of_partner(&partner, val, key_proto(key, af), af);
	bpf_map_delete_elem(table, &partner);
	bpf_map_delete_elem(table, key);
}

/*
 * A segment with SYN, FIN or RST. FIN and RST are noted in both halves, so that each half alone tells how long it may
 * live. Returns 1 when the segment opens a new connection over an ended one (RFC 9293, 3.6.1): the pair is gone then.
 */
static __always_inline int flow_tcp_signal(void *table, struct flow_key *key, void *val, const struct pkt *p,
					   const enum af af)
{
	struct sp_flow_rule *rule = val_rule(val, af);
	__u8 flags = p->tcp_flags & (TCP_FIN | TCP_RST);
	struct flow_key partner_key;
	void *partner;

	if ((p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && !(rule->flags & SP_FLOW_REPLY) && flow_closed(rule)) {
		pair_delete(table, key, val, af);
		return 1;
	}
	if (!(flags & ~rule->tcp_flags))
		return 0;
	rule->tcp_flags |= flags;
	key_of_partner(&partner_key, val, IPPROTO_TCP, af);
	partner = bpf_map_lookup_elem(table, &partner_key);
	if (partner)
		val_rule(partner, af)->peer_tcp_flags |= flags;
	return 0;
}

/* What a packet does to its flow before it is forwarded. 1: the pair has gone, treat the packet as one of a new flow.
 */
static __always_inline int flow_advance(void *table, struct flow_key *key, void *val, const struct pkt *p,
					const enum af af)
{
	/* Zero in a datagram. */
	if (unlikely(p->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST)) && flow_tcp_signal(table, key, val, p, af))
		return 1;
	flow_touch(val_rule(val, af));
	return 0;
}

#endif
