/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Making a pair: the reply half from the request half, and the source port that keeps its tuple unique.
 *
 * A port is claimed by inserting the reply half with BPF_NOEXIST, so that no two connections share a translated tuple
 * (I11); on a clash another port is taken. Arguments and results stand in this CPU's scratch row (maps.bpf.h): the
 * functions at the end are global, so that the verifier checks each once and not once for every path to it.
 */
#ifndef SP_BPF_PAIR_H
#define SP_BPF_PAIR_H

#include "bpf/filter.h"
#include "bpf/flow.h"

/* Tries that leave other embryos alone; after these an embryo in the way is removed, as the LRU would (I4). */
#define CLAIM_POLITE_TRIES 4
/* An embryo that has been silent this long (64 s) no longer holds its port. */
#define EMBRYO_STALE_TICKS 60

static __always_inline __u32 port_range_size(const struct sp_port_range *range)
{
	__u32 first = range->first, last = range->last;

	return first && first <= last ? last - first + 1 : 0;
}

/* The port, in network order, that a random number stands for; 0 when both ranges are empty. */
static __always_inline __be16 snat_port(const struct sp_config_val *config, __u32 rnd)
{
	__u32 size0 = port_range_size(&config->snat_ports[0]);
	__u32 size1 = port_range_size(&config->snat_ports[1]);
	__u32 index;

	if (!(size0 + size1))
		return 0;
	index = rnd % (size0 + size1);
	if (index < size0)
		return bpf_htons(config->snat_ports[0].first + index);
	return bpf_htons(config->snat_ports[1].first + (index - size0));
}

/*
 * Will reply_from_request() set SP_FLOW_EGRESS? Said twice: a call of this in its place takes the 8 bytes of stack that
 * the chain of calls of IPv4 does not have.
 */
static __always_inline int reply_at_egress(const struct sp_flow_rule *forth)
{
	return !(forth->flags & SP_FLOW_HOST) && (forth->action == SP_ACTION_LOCAL || (forth->flags & SP_FLOW_POD));
}

/*
 * Fills the reply half and its key from the request half: whatever the request does to a packet, undone. A client whose
 * address was kept gets its replies through the stack, translated where they leave for it; a process of the node has no
 * such place, so its replies are translated where they come in; so are those to an address of ours, which go on from
 * there.
 */
static __always_inline void reply_from_request(struct scratch *scratch, const enum af af)
{
	struct sp_flow_rule *forth = val_rule(&scratch->request, af);
	struct sp_flow_rule *back = val_rule(&scratch->reply, af);
	struct flow_key *key = scratch_key(scratch);

	__builtin_memset(&scratch->reply, 0, sizeof(scratch->reply));
	key_of_partner(scratch_reply_key(scratch), &scratch->request, key_proto(key, af), af);
	addr_copy(val_saddr(&scratch->reply, af), key_daddr(key, af), af);
	addr_copy(val_daddr(&scratch->reply, af), key_saddr(key, af), af);
	back->sport = *key_dport(key, af);
	back->dport = *key_sport(key, af);
	back->service_id = forth->service_id;
	back->backend_id = forth->backend_id;
	back->backend_generation = forth->backend_generation;
	back->last_seen_tick = forth->last_seen_tick;
	back->flags = SP_FLOW_REPLY;
	/* The next hop towards the client is looked up by the first reply: epoch 0 is never current. */
	back->action = SP_ACTION_FORWARD;
	if (forth->flags & SP_FLOW_HOST) {
		back->action = SP_ACTION_LOCAL;
	} else if (forth->action == SP_ACTION_LOCAL || (forth->flags & SP_FLOW_POD)) {
		back->flags |= SP_FLOW_EGRESS;
		back->action = SP_ACTION_LOCAL;
	}
	val_mirror_deltas(&scratch->reply, &scratch->request, af);
}

/* Removes the embryo that holds our reply tuple, if it may be removed. */
static __always_inline int embryo_steal(struct scratch *scratch, int always, const enum af af)
{
	struct flow_key *reply_key = scratch_reply_key(scratch);
	struct flow_key *victim = scratch_victim(scratch);
	void *table = embryo_table(af);
	void *had = bpf_map_lookup_elem(table, reply_key);

	if (!had)
		return 0;
	if (!always && tick_now() - val_rule(had, af)->last_seen_tick < EMBRYO_STALE_TICKS)
		return -1;
	key_of_partner(victim, had, key_proto(reply_key, af), af);
	bpf_map_delete_elem(table, victim);
	bpf_map_delete_elem(table, reply_key);
	count(SP_NOTE_EMBRYO_STOLEN, 0);
	return 0;
}

/* Inserts the reply half where none stands. 0 when the tuple is ours. */
static __always_inline int reply_insert(struct scratch *scratch, int steal, const enum af af)
{
	struct flow_key *reply_key = scratch_reply_key(scratch);
	void *table = embryo_table(af);

	filter_add(reply_key, val_rule(&scratch->reply, af)->flags, af);
	if (bpf_map_update_elem(table, reply_key, &scratch->reply, BPF_NOEXIST)) {
		if (embryo_steal(scratch, steal, af))
			return -1;
		if (bpf_map_update_elem(table, reply_key, &scratch->reply, BPF_NOEXIST))
			return -1;
	}
	/*
	 * Embryo first, flow table second: a pair that is promoted meanwhile enters the flow table before it leaves the
	 * embryos (embryo.h), so it is seen here at the latest.
	 */
	if (bpf_map_lookup_elem(flow_table(af), reply_key)) {
		bpf_map_delete_elem(table, reply_key);
		return -1;
	}
	return 0;
}

/* One try for bpf_loop(): 1 ends the loop. `reason` is set to 0 when the tuple is ours. */
static __always_inline long pair_claim_try(__u32 try, int *reason, const enum af af)
{
	struct scratch *scratch = scratch_row();
	struct sp_config_val *config = config_row();
	struct sp_flow_rule *rule;

	if (!scratch || !config)
		return 1;
	val_set_deltas(scratch_key(scratch), &scratch->request, af);
	reply_from_request(scratch, af);
	if (!reply_insert(scratch, try >= CLAIM_POLITE_TRIES, af)) {
		*reason = 0;
		return 1;
	}
	count(SP_NOTE_SNAT_CLASH, 0);
	rule = val_rule(&scratch->request, af);
	rule->sport = snat_port(config, bpf_get_prandom_u32());
	return !rule->sport;
}

static long pair_claim_try4(__u32 try, int *reason)
{
	return pair_claim_try(try, reason, AF4);
}

static long pair_claim_try6(__u32 try, int *reason)
{
	return pair_claim_try(try, reason, AF6);
}

/*
 * From key and request: the claimed reply half, its key, and the request's deltas. The request's rule.sport is the
 * first choice and changes on a clash. 0, or why the packet is dropped.
 *
 * bpf_loop() and no `for`: 6.1's verifier forgets the spilled counter and sees a loop without end.
 */
static __always_inline int pair_claim(const enum af af)
{
	int reason = -SP_DROP_SNAT_PORTS;

	bpf_loop(SP_SNAT_TRIES, af == AF4 ? (void *)pair_claim_try4 : (void *)pair_claim_try6, &reason, 0);
	return reason;
}

/* From key and request, which stand in the embryo table: the reply half again, unless its tuple was taken. */
static __always_inline int pair_repair(const enum af af)
{
	struct scratch *scratch = scratch_row();

	if (!scratch)
		return -1;
	reply_from_request(scratch, af);
	return reply_insert(scratch, 0, af);
}

/* What sends the replies of scratch->request, where they are translated as they leave. */
static __always_inline int sender_note(const enum af af)
{
	struct scratch *scratch = scratch_row();

	if (scratch && reply_at_egress(val_rule(&scratch->request, af)))
		filter_set(filter_host_bit(val_daddr(&scratch->request, af), af));
	return 0;
}

__weak __noinline int sp_sender_note4(void)
{
	return sender_note(AF4);
}

__weak __noinline int sp_sender_note6(void)
{
	return sender_note(AF6);
}

__weak __noinline int sp_pair_claim4(void)
{
	return pair_claim(AF4);
}

__weak __noinline int sp_pair_claim6(void)
{
	return pair_claim(AF6);
}

__weak __noinline int sp_pair_repair4(void)
{
	return pair_repair(AF4);
}

__weak __noinline int sp_pair_repair6(void)
{
	return pair_repair(AF6);
}

#endif
