/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Packets of no known connection that open none here: segments out of nowhere, and destinations that no frontend has.
 */
#ifndef SP_BPF_UNKNOWN_H
#define SP_BPF_UNKNOWN_H

#include "bpf/flow.h"
#include "bpf/network.h"

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

#endif
