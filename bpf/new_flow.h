/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The first packet of a flow, and every packet of an embryo: all that an established packet never sees, whatever its
 * hook.
 */
#ifndef SP_BPF_NEW_FLOW_H
#define SP_BPF_NEW_FLOW_H

#include "bpf/embryo.h"
#include "bpf/source.h"

/* Connections that conntrack translates for a kube-proxy that was here before us may still live. */
static __always_inline int foreign_tcp_lives(void)
{
	struct sp_config_val *config = config_row();

	return config && tick_now() < config->foreign_tcp_until_tick;
}

/* A segment of no known connection that does not open one: the stack or a reset tells the sender. */
static __always_inline int unknown_tcp(const struct pkt *p, const struct sp_frontend_val *frontend)
{
	if ((p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN)
		return 0;
	/* The stack resets it, or, where a kernel NAT had the connection before us, still carries it. */
	if (frontend->flags & SP_FRONTEND_NODE_ADDR)
		return -SP_PASS_UNKNOWN_TCP;
	/* The stack carries it, or sends it back to the router: it may circle, which is why this ends. */
	if (foreign_tcp_lives())
		return -SP_PASS_FOREIGN_TCP;
	/* No socket and no route of ours would stop it: answered here, or it circles between router and node. */
	return p->tcp_flags & TCP_RST ? -SP_DROP_UNKNOWN_RST : -SP_REJECT_UNKNOWN_TCP;
}

/* From the key of the scratch row, so that the verifier checks the search once. */
static __always_inline int key_unserved(const enum af af)
{
	struct scratch *scratch = scratch_row();
	struct sp_addr addr;

	if (!scratch)
		return 0;
	addr_widen(&addr, key_daddr(scratch_key(scratch), af), af);
	return unserved(&addr, af);
}

__weak __noinline int sp_unserved4(void)
{
	return key_unserved(AF4);
}

__weak __noinline int sp_unserved6(void)
{
	return key_unserved(AF6);
}

/*
 * A connection that nobody translates begins, with the tuple of an ended one's backend and client: the client dialled
 * the Service first, then its backend, from one port. Replies must not get the frontend's address any more.
 */
static __always_inline int stale_forget(void *table, struct scratch *scratch, const enum af af)
{
	struct flow_key *reply_key = scratch_reply_key(scratch);
	struct flow_key *partner = scratch_victim(scratch);
	void *val = bpf_map_lookup_elem(table, reply_key);

	if (!val || !(val_rule(val, af)->flags & SP_FLOW_REPLY) || !flow_closed(val_rule(val, af)))
		return 0;
	key_of_partner(partner, val, IPPROTO_TCP, af);
	bpf_map_delete_elem(table, partner);
	bpf_map_delete_elem(table, reply_key);
	return 0;
}

/* From the key of the scratch row, as above. */
static __always_inline int key_forget(const enum af af)
{
	struct scratch *scratch = scratch_row();
	struct flow_key *key, *reply_key;

	if (!scratch)
		return 0;
	key = scratch_key(scratch);
	reply_key = scratch_reply_key(scratch);
	addr_copy(key_saddr(reply_key, af), key_daddr(key, af), af);
	addr_copy(key_daddr(reply_key, af), key_saddr(key, af), af);
	key_set_l4(reply_key, *key_dport(key, af), *key_sport(key, af), key_proto(key, af), af);
	stale_forget(flow_table(af), scratch, af);
	return stale_forget(embryo_table(af), scratch, af);
}

__weak __noinline int sp_forget4(void)
{
	return key_forget(AF4);
}

__weak __noinline int sp_forget6(void)
{
	return key_forget(AF6);
}

/* Nothing has the destination as its frontend: whose affair that is. */
static __always_inline int unserved_reason(const struct pkt *p, const enum af af)
{
	const struct sp_frontend_val virtual = {};
	int reason = af == AF4 ? sp_unserved4() : sp_unserved6();
	int tcp;

	if (!reason) {
		if (p->proto == IPPROTO_TCP && (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN)
			(void)(af == AF4 ? sp_forget4() : sp_forget6());
		return -SP_PASS_NOT_OURS;
	}
	if (p->proto != IPPROTO_TCP)
		return reason;
	/* A connection that lives on in conntrack, or one to a port or Service that is gone. */
	tcp = unknown_tcp(p, &virtual);
	return tcp == -SP_PASS_FOREIGN_TCP || (tcp && reason == -SP_REJECT_UNDEFINED_PORT) ? tcp : reason;
}

/* Fills scratch->request for the chosen backend, all but the deltas and the final source port. */
static __always_inline int request_fill(const struct place *at, struct scratch *scratch, const struct caller *caller,
					const struct choice *choice, const struct pkt *p, const enum af af)
{
	void *request = &scratch->request;
	struct sp_flow_rule *rule = val_rule(request, af);

	__builtin_memset(request, 0, sizeof(scratch->request));
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

/* 0 and the rule to apply in scratch->request, with its next hop current; or the reason. */
static __always_inline int flow_open(const struct place *at, const struct pkt *p, struct scratch *scratch,
				     const enum af af)
{
	struct flow_key *key = scratch_key(scratch);
	void *val = bpf_map_lookup_elem(embryo_table(af), key);
	int reason;

	/* A spoofed SYN-ACK must not plant a sequence number. */
	if (val && !place_serves(at, val_rule(val, af)->flags))
		return -SP_PASS_NOT_OURS;
	if (!val || flow_advance(embryo_table(af), key, val, p, af) ||
	    !embryo_snapshot(&scratch->request, key, val, af))
		return place_opens(at, p) ? pair_open(at, p, key, scratch, af) : -SP_PASS_NOT_OURS;
	reason = next_hop_check(at, &scratch->request, p, af);
	if (reason)
		return reason;
	if (val_rule(&scratch->request, af)->flags & SP_FLOW_REPLY) {
		embryo_reply(scratch, key, p, af);
		return 0;
	}
	return embryo_request(key, scratch, p, af) ? pair_open(at, p, key, scratch, af) : 0;
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
