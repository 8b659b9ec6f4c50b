/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * tc: the table of contents of every hook that translates. Same stages and tables as sp_xdp.bpf.c; an established
 * packet does one hash lookup.
 */
#ifndef SP_BPF_TRANSLATE_SKB_H
#define SP_BPF_TRANSLATE_SKB_H

#include "bpf/new_flow.h"
#include "bpf/reject_skb.h"
#include "bpf/rewrite_skb.h"

/* What the flow table does not know. Parses anew, as xdp_open() does. */
static __always_inline int skb_open(struct __sk_buff *skb, const enum hook hook, const enum af af)
{
	const struct place at = {.ctx = skb, .hook = hook};
	struct pkt p = {};

	skb_parse(skb, &p);
	return packet_open(&at, &p, af);
}

__weak __noinline int sp_pod_open4(struct __sk_buff *skb)
{
	return skb_open(skb, HOOK_POD, AF4);
}

__weak __noinline int sp_pod_open6(struct __sk_buff *skb)
{
	return skb_open(skb, HOOK_POD, AF6);
}

__weak __noinline int sp_egress_open4(struct __sk_buff *skb)
{
	return skb_open(skb, HOOK_EGRESS, AF4);
}

__weak __noinline int sp_egress_open6(struct __sk_buff *skb)
{
	return skb_open(skb, HOOK_EGRESS, AF6);
}

/* The rule of the packet's flow, or NULL and the reason. */
static __always_inline void *skb_find(const struct place *at, const struct pkt *p, int *reason, const enum af af)
{
	struct scratch *scratch;
	struct flow_key key;
	void *val;

	*reason = -SP_PASS_NOT_OURS;
	key_from_pkt(&key, p, af);
	if (at->hook == HOOK_EGRESS && likely(!may_leave_changed(&key, p, af)))
		return NULL;
	val = bpf_map_lookup_elem(flow_table(af), &key);
	if (val && !place_serves(at, val_rule(val, af)->flags))
		return NULL;
	if (val) {
		*reason = flow_use(at, &key, val, p, af);
		if (*reason != 1)
			return *reason ? NULL : val;
	}
	if (!val && at->hook == HOOK_POD && likely(!may_be_ours(&key, p, af)))
		return NULL;
	/* What leaves the node is seldom new to it, and seldom ours: parsed anew only if a table has it (new_flow.h).
	 */
	if (!val && !place_opens(at, p) && !bpf_map_lookup_elem(embryo_table(af), &key) &&
	    !bpf_map_lookup_elem(flow_table(af), &key))
		return NULL;
	if (at->hook == HOOK_POD)
		*reason = af == AF4 ? sp_pod_open4(at->ctx) : sp_pod_open6(at->ctx);
	else
		*reason = af == AF4 ? sp_egress_open4(at->ctx) : sp_egress_open6(at->ctx);
	scratch = scratch_row();
	return *reason || !scratch ? NULL : &scratch->request;
}

/* From what the stages returned to the action: the one exit. A packet that passes egress was counted elsewhere. */
static __always_inline int skb_leave(const struct place *at, int ret, const enum af af)
{
	const __u32 redirect = at->hook == HOOK_EGRESS ? BPF_F_INGRESS : 0;
	struct __sk_buff *skb = at->ctx;

	if (likely(ret >= 0))
		return ret;
	if (-ret >= SP_REASON_REJECT_FIRST || at->hook == HOOK_POD)
		count(-ret, skb->len);
	if (-ret < SP_REASON_REJECT_FIRST)
		return TC_ACT_OK;
	return af == AF4 ? sp_skb_refuse4(skb, -ret, redirect) : sp_skb_refuse6(skb, -ret, redirect);
}

static __always_inline int skb_translate(const struct place *at, struct pkt *p, const enum af af)
{
	int ret, reason;
	void *val;

	ret = parse_ip(p, af);
	if (ret)
		return skb_leave(at, ret, af);
	val = skb_find(at, p, &reason, af);
	return skb_leave(at, val ? skb_forward(at->ctx, p, val, af) : reason, af);
}

/* The whole of a program. */
static __always_inline int skb_run(struct __sk_buff *skb, const enum hook hook)
{
	const struct place at = {.ctx = skb, .hook = hook};
	struct pkt p = {};

	if (skb_translated(skb) && hook == HOOK_EGRESS)
		return TC_ACT_OK;
	skb_pull(skb);
	switch (skb_parse(skb, &p)) {
	case ETHERTYPE_IPV4:
		return skb_translate(&at, &p, AF4);
	case ETHERTYPE_IPV6:
		return skb_translate(&at, &p, AF6);
	default:
		return hook == HOOK_POD ? skb_leave(&at, -SP_PASS_NOT_IP, AF4) : TC_ACT_OK;
	}
}

#endif
