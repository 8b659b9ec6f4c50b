/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The first packet of a flow, and every packet of an embryo: all that an established packet never sees, whatever its
 * hook.
 */
#ifndef SP_BPF_NEW_FLOW_H
#define SP_BPF_NEW_FLOW_H

#include "bpf/embryo.h"
#include "bpf/fresh.h"
#include "bpf/source.h"
#include "bpf/unknown.h"

/* Fills scratch->request for the chosen backend, all but the deltas and the final source port. */
static __always_inline int request_fill(const struct place *at, struct scratch *scratch, const struct caller *caller,
					const struct choice *choice, const struct pkt *p, const enum af af)
{
	void *request = &scratch->request;
	struct sp_flow_rule *rule = val_rule(request, af);
	struct sp_config_val *config = config_row();

	if (!config)
		return -SP_DROP_TABLE;
	__builtin_memset(request, 0, sizeof(scratch->request));
	/* Read before the generation (fresh.h). */
	rule->epochs.backend = LOAD_ONCE(config->epochs.backend);
	barrier();
	addr_copy(val_saddr(request, af), pkt_saddr(p, af), af);
	addr_copy(val_daddr(request, af), addr_words(&choice->backend->addr, af), af);
	rule->sport = p->sport;
	rule->dport = choice->backend->port;
	rule->service_id = choice->service_id;
	rule->backend_id = choice->backend_id;
	rule->backend_generation = choice->backend->generation;
	rule->last_seen_tick = tick_now();
	rule->flags = place_flags(at);
	if (p->proto == IPPROTO_UDP)
		rule->flags |= SP_FLOW_CHECK_BACKEND;
	return source_set(at, caller, choice, request, p, af);
}

/* Stores the pair that scratch->request begins: the reply half first, which claims the tuple. */
static __always_inline int pair_insert(struct flow_key *key, struct scratch *scratch, const struct pkt *p,
				       const enum af af)
{
	void *other;
	int reason;

	(void)(af == AF4 ? sp_sender_note4() : sp_sender_note6());
	reason = af == AF4 ? sp_pair_claim4() : sp_pair_claim6();
	if (reason)
		return reason;
	if (!bpf_map_update_elem(embryo_table(af), key, &scratch->request, BPF_NOEXIST)) {
		count(SP_NOTE_FLOW_NEW, p->len);
		return 0;
	}
	/* Another CPU opened the same flow a moment ago: its choice stands. */
	bpf_map_delete_elem(embryo_table(af), scratch_reply_key(scratch));
	other = bpf_map_lookup_elem(embryo_table(af), key);
	return other && embryo_snapshot(&scratch->request, key, other, af) ? 0 : -SP_DROP_TABLE;
}

/* Opens a pair for the packet: 0 and its rule in scratch->request, or the reason. */
static __always_inline int pair_open(const struct place *at, const struct pkt *p, struct flow_key *key,
				     struct scratch *scratch, const enum af af)
{
	struct caller caller = {.scope = place_scope(at, p, af)};
	struct sp_frontend_val *frontend;
	struct choice choice;
	__u32 service_id;
	int reason;

	frontend = frontend_lookup(p, caller.scope, af);
	if (!frontend)
		return unserved_reason(p, af);
	service_id = frontend->service_id;
	caller.frontend_flags = frontend->flags;
	if (p->proto == IPPROTO_TCP) {
		reason = unknown_tcp(p, frontend);
		if (reason)
			return reason;
	}
	if ((caller.frontend_flags & SP_FRONTEND_SOURCE_RANGES) && !source_allowed(p, service_id, af))
		return -SP_DROP_SOURCE_RANGE;
	reason = backend_select(p, service_id, &choice, af);
	if (reason)
		return reason;
	reason = request_fill(at, scratch, &caller, &choice, p, af);
	if (reason)
		return reason;
	return pair_insert(key, scratch, p, af);
}

/* True when `p` proves that its sender has seen the SYN-ACK. */
static __always_inline int embryo_proven(void *embryo, const struct pkt *p, const enum af af)
{
	struct handshake *handshake = val_handshake(embryo, af);
	struct tcphdr *tcp = pkt_tcp(p);

	return tcp && (p->tcp_flags & (TCP_SYN | TCP_RST | TCP_ACK)) == TCP_ACK && handshake->synack_seen &&
	       bpf_ntohl(tcp->ack_seq) == handshake->synack_seq + 1;
}

/*
 * A request of the embryo in scratch->request. The LRU may have evicted the reply half alone; it is made anew here.
 * Returns 1 when another pair has taken its tuple meanwhile: the embryo is gone then, and the packet starts a new flow.
 */
static __always_inline int embryo_request(struct flow_key *key, struct scratch *scratch, const struct pkt *p,
					  const enum af af)
{
	struct flow_key *reply_key = scratch_reply_key(scratch);
	void *reply;

	if (embryo_proven(&scratch->request, p, af)) {
		pair_promote(scratch, key, p, af);
		return 0;
	}
	key_of_partner(reply_key, &scratch->request, p->proto, af);
	reply = bpf_map_lookup_elem(embryo_table(af), reply_key);
	if (likely(reply && val_mirrors_key(reply, key, af))) {
		/* One-way UDP: a port in use is not stale (pair.h). */
		flow_touch(val_rule(reply, af));
		return 0;
	}
	if (!reply && !(af == AF4 ? sp_pair_repair4() : sp_pair_repair6())) {
		count(SP_NOTE_PAIR_REPAIRED, p->len);
		return 0;
	}
	bpf_map_delete_elem(embryo_table(af), key);
	return 1;
}

/* A packet of the embryo at `val`: as flow_open(), or 1 when the pair is there no more. */
static __always_inline int embryo_pass(const struct place *at, const struct pkt *p, void *val, struct scratch *scratch,
				       const enum af af)
{
	struct flow_key *key = scratch_key(scratch);
	int ret;

	if (flow_advance(embryo_table(af), key, val, p, af) || !embryo_snapshot(&scratch->request, key, val, af))
		return 1;
	ret = flow_check(at, embryo_table(af), key, &scratch->request, p, af);
	if (ret)
		return ret;
	if (!(val_rule(&scratch->request, af)->flags & SP_FLOW_REPLY))
		return embryo_request(key, scratch, p, af);
	embryo_reply(scratch, key, p, af);
	return 0;
}

/*
 * No embryo, and no flow when we looked there before: another CPU may have promoted the pair between the two looks. As
 * flow_open(), or 1 when neither table has it.
 */
static __always_inline int promoted_pass(const struct place *at, const struct pkt *p, struct scratch *scratch,
					 const enum af af)
{
	struct flow_key *key = scratch_key(scratch);
	void *val = bpf_map_lookup_elem(flow_table(af), key);

	if (likely(!val))
		return 1;
	if (!place_serves(at, val_rule(val, af)->flags))
		return -SP_PASS_NOT_OURS;
	if (flow_advance(flow_table(af), key, val, p, af))
		return 1;
	__builtin_memcpy(&scratch->request, val, af == AF4 ? sizeof(struct sp_flow4_val) : sizeof(struct sp_flow6_val));
	return flow_check(at, flow_table(af), key, &scratch->request, p, af);
}

/* 0 and the rule to apply in scratch->request, with its next hop current; or the reason. */
static __always_inline int flow_open(const struct place *at, const struct pkt *p, struct scratch *scratch,
				     const enum af af)
{
	struct flow_key *key = scratch_key(scratch);
	void *val = bpf_map_lookup_elem(embryo_table(af), key);
	int ret = 1;

	/* A spoofed SYN-ACK must not plant a sequence number. */
	if (val && !place_serves(at, val_rule(val, af)->flags))
		return -SP_PASS_NOT_OURS;
	if (val)
		ret = embryo_pass(at, p, val, scratch, af);
	if (ret == 1)
		ret = promoted_pass(at, p, scratch, af);
	if (ret != 1)
		return ret;
	return place_opens(at, p) ? pair_open(at, p, key, scratch, af) : -SP_PASS_NOT_OURS;
}

/* `p` has its link header parsed. 0 and the rule to apply in scratch->request, or the negative reason. */
static __always_inline int packet_open(const struct place *at, struct pkt *p, const enum af af)
{
	struct scratch *scratch = scratch_row();
	int reason;

	if (!scratch)
		return -SP_DROP_TABLE;
	if (!p->l3)
		return -SP_PASS_MALFORMED;
	reason = parse_ip(p, af);
	if (reason)
		return reason;
	key_from_pkt(scratch_key(scratch), p, af);
	return flow_open(at, p, scratch, af);
}

#endif
