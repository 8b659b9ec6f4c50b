// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * XDP on external devices: the table of contents of the hot path.
 *
 *   parse -> flow lookup -> (embryo, frontend, backend: new_flow.h) -> next hop -> rewrite -> verdict
 *
 * An established packet takes the straight line through xdp_translate() and does one hash lookup.
 */
#include "bpf/new_flow.h"
#include "bpf/parse.h"
#include "bpf/reject.h"
#include "bpf/rewrite.h"

/*
 * A packet that the flow table does not know: of an embryo, of a new flow, or not ours. Parses anew: a global function
 * takes nothing but the context.
 */
static __always_inline int xdp_open(struct xdp_md *ctx, const enum af af)
{
	const struct place at = {.ctx = ctx, .hook = HOOK_XDP};
	struct pkt p = {};

	parse_ethernet((void *)(long)ctx->data, (void *)(long)ctx->data_end, &p);
	return packet_open(&at, &p, af);
}

__noinline int sp_xdp_open4(struct xdp_md *ctx)
{
	return xdp_open(ctx, AF4);
}

__noinline int sp_xdp_open6(struct xdp_md *ctx)
{
	return xdp_open(ctx, AF6);
}

/* The rule of the packet's flow, or NULL and the reason. */
static __always_inline void *flow_find(struct xdp_md *ctx, const struct pkt *p, struct flow_key *key, int *reason,
				       const enum af af)
{
	const struct place at = {.ctx = ctx, .hook = HOOK_XDP};
	void *val = bpf_map_lookup_elem(flow_table(af), key);
	struct scratch *scratch;

	/* What tc translates is a stranger here: whoever sends it from outside changes nothing. */
	*reason = -SP_PASS_NOT_OURS;
	if (unlikely(val && !place_serves(&at, val_rule(val, af)->flags)))
		return NULL;
	if (likely(val)) {
		*reason = flow_use(&at, key, val, p, af);
		if (likely(*reason != 1))
			return *reason ? NULL : val;
	}
	if (!val && likely(!may_be_ours(key, p, af)))
		return NULL;
	*reason = af == AF4 ? sp_xdp_open4(ctx) : sp_xdp_open6(ctx);
	scratch = scratch_row();
	return *reason || !scratch ? NULL : &scratch->request;
}

static __always_inline int xdp_translate(struct xdp_md *ctx, struct pkt *p, const enum af af)
{
	struct flow_key key;
	int reason;
	void *val;

	key_from_pkt(&key, p, af);
	val = flow_find(ctx, p, &key, &reason, af);
	if (!val)
		return reason;
	return forward(ctx, p, val, af);
}

/* From what the stages returned to the action: the one exit. */
static __always_inline int xdp_leave(struct xdp_md *ctx, const struct pkt *p, int ret, const enum af af)
{
	if (likely(ret > 0))
		return ret;
	count(-ret, p->len);
	if (-ret < SP_REASON_REJECT_FIRST)
		return XDP_PASS;
	return af == AF4 ? sp_xdp_refuse4(ctx, -ret) : sp_xdp_refuse6(ctx, -ret);
}

/* `ret` is what the parser says. */
static __always_inline int xdp_go(struct xdp_md *ctx, struct pkt *p, int ret, const enum af af)
{
	return xdp_leave(ctx, p, ret ? ret : xdp_translate(ctx, p, af), af);
}

SEC("xdp")
int sp_xdp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct pkt p = {};

	if (likely(!parse_plain(data, end, &p, AF4)))
		return xdp_go(ctx, &p, 0, AF4);
	if (likely(!parse_plain(data, end, &p, AF6)))
		return xdp_go(ctx, &p, 0, AF6);
	switch (parse_ethernet(data, end, &p)) {
	case ETHERTYPE_IPV4:
		return xdp_go(ctx, &p, parse_ip(&p, AF4), AF4);
	case ETHERTYPE_IPV6:
		return xdp_go(ctx, &p, parse_ip(&p, AF6), AF6);
	default:
		count(SP_PASS_NOT_IP, end - data);
		return XDP_PASS;
	}
}

char LICENSE[] SEC("license") = "GPL";
