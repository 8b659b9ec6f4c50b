/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The first packet of a flow, and every packet of an embryo: all that an established packet never sees.
 */
#ifndef SP_BPF_NEW_FLOW_H
#define SP_BPF_NEW_FLOW_H

#include "bpf/embryo.h"
#include "bpf/next_hop.h"
#include "bpf/pair.h"
#include "bpf/service.h"

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

/* Remote backend: next hop, and the egress device's address and a port of ours as the source. */
static __always_inline int request_masquerade(struct xdp_md *ctx, void *request, const struct pkt *p, const enum af af)
{
	const __u32 has_addr = af == AF4 ? SP_DEVICE_HAS_SNAT4 : SP_DEVICE_HAS_SNAT6;
	struct sp_flow_rule *rule = val_rule(request, af);
	struct sp_config_val *config = config_row();
	struct sp_device_val *device;
	__u32 ifindex;
	int ret;

	ret = af == AF4 ? next_hop_refresh4(ctx, request, p->proto) : next_hop_refresh6(ctx, request, p->proto);
	if (ret)
		return ret;
	ifindex = rule->ifindex;
	device = bpf_map_lookup_elem(&sp_devices, &ifindex);
	if (!device || !(device->flags & has_addr))
		return -SP_DROP_NO_SNAT_ADDR;
	addr_copy(val_saddr(request, af), addr_words(af == AF4 ? &device->snat4 : &device->snat6, af), af);
	rule->sport = config ? snat_port(config, bpf_get_prandom_u32()) : 0;
	return rule->sport ? 0 : -SP_DROP_SNAT_PORTS;
}

/* Fills scratch->request for the chosen backend, all but the deltas and the final source port. */
static __always_inline int request_fill(struct xdp_md *ctx, struct scratch *scratch, const struct choice *choice,
					const struct pkt *p, const enum af af)
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
	if (p->proto == IPPROTO_UDP)
		rule->flags = SP_FLOW_CHECK_BACKEND;
	if (choice->backend->flags & SP_BACKEND_LOCAL) {
		rule->action = SP_ACTION_LOCAL;
		return 0;
	}
	return request_masquerade(ctx, request, p, af);
}

/* Stores the pair that scratch->request begins: the reply half first, which claims the tuple. */
static __always_inline int pair_insert(struct flow_key *key, struct scratch *scratch, const struct pkt *p,
				       const enum af af)
{
	int reason = af == AF4 ? sp_pair_claim4() : sp_pair_claim6();
	void *other;

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
static __always_inline int pair_open(struct xdp_md *ctx, const struct pkt *p, struct flow_key *key,
				     struct scratch *scratch, const enum af af)
{
	struct sp_frontend_val *frontend = frontend_lookup(p, SP_SCOPE_EXTERNAL, af);
	struct choice choice;
	__u32 service_id;
	int reason;

	if (!frontend)
		return -SP_PASS_NOT_OURS;
	service_id = frontend->service_id;
	if (p->proto == IPPROTO_TCP) {
		reason = unknown_tcp(p, frontend);
		if (reason)
			return reason;
	}
	if ((frontend->flags & SP_FRONTEND_SOURCE_RANGES) && !source_allowed(p, service_id, af))
		return -SP_DROP_SOURCE_RANGE;
	reason = backend_select(p, service_id, &choice, af);
	if (reason)
		return reason;
	reason = request_fill(ctx, scratch, &choice, p, af);
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
static __always_inline int flow_open(struct xdp_md *ctx, const struct pkt *p, struct scratch *scratch, const enum af af)
{
	struct flow_key *key = scratch_key(scratch);
	void *val = bpf_map_lookup_elem(embryo_table(af), key);
	int reason;

	/* As in flow_find(): a spoofed SYN-ACK must not plant a sequence number. */
	if (val && (val_rule(val, af)->flags & SP_FLOW_EGRESS))
		return -SP_PASS_NOT_OURS;
	if (!val || flow_advance(embryo_table(af), key, val, p, af) ||
	    !embryo_snapshot(&scratch->request, key, val, af))
		return pair_open(ctx, p, key, scratch, af);
	reason = next_hop_check(ctx, &scratch->request, p, af);
	if (reason)
		return reason;
	if (val_rule(&scratch->request, af)->flags & SP_FLOW_REPLY) {
		embryo_reply(scratch, key, p, af);
		return 0;
	}
	return embryo_request(key, scratch, p, af) ? pair_open(ctx, p, key, scratch, af) : 0;
}

/*
 * A packet that the flow table does not know: of an embryo, of a new flow, or not ours. 0 and the rule to apply in
 * scratch->request, or the negative reason. Parses anew: a global function takes nothing but the context.
 */
static __always_inline int xdp_open(struct xdp_md *ctx, const enum af af)
{
	struct scratch *scratch = scratch_row();
	struct pkt p = {};
	int reason;

	if (!scratch)
		return -SP_DROP_TABLE;
	parse_ethernet((void *)(long)ctx->data, (void *)(long)ctx->data_end, &p);
	if (!p.l3)
		return -SP_PASS_MALFORMED;
	reason = parse_ip(&p, af);
	if (reason)
		return reason;
	key_from_pkt(scratch_key(scratch), &p, af);
	return flow_open(ctx, &p, scratch, af);
}

__noinline int sp_xdp_open4(struct xdp_md *ctx)
{
	return xdp_open(ctx, AF4);
}

__noinline int sp_xdp_open6(struct xdp_md *ctx)
{
	return xdp_open(ctx, AF6);
}

#endif
