/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Is what a flow knows still true? Its epochs are compared with those in force, by one load and one compare; behind an
 * epoch that has moved, the backend's generation and the next hop are looked at once more.
 */
#ifndef SP_BPF_FRESH_H
#define SP_BPF_FRESH_H

#include "bpf/next_hop.h"

/* Both epochs as one word. */
static __always_inline __u64 epochs_load(const struct sp_epochs *epochs)
{
	return LOAD_ONCE(*(const __u64 *)epochs);
}

/* UDP request: has its backend stopped serving since the flow was made (I5)? */
static __always_inline int backend_gone(const struct sp_flow_rule *rule)
{
	__u32 id = rule->backend_id;
	struct sp_backend_val *backend;

	if (!(rule->flags & SP_FLOW_CHECK_BACKEND))
		return 0;
	backend = bpf_map_lookup_elem(&sp_backends, &id);
	return !backend || backend->generation != rule->backend_generation;
}

/*
 * An epoch has moved; `now` was read before anything it stands for, so that a change in between makes the flow stale,
 * never falsely current.
 */
static __always_inline int flow_renew(const struct place *at, void *table, struct flow_key *key, void *val, __u64 now,
				      const struct pkt *p, const enum af af)
{
	struct sp_flow_rule *rule = val_rule(val, af);
	struct sp_epochs epochs;

	*(__u64 *)&epochs = now;
	if (backend_gone(rule)) {
		pair_delete(table, key, val, af);
		count(SP_NOTE_FLOW_RESTEERED, p->len);
		return 1;
	}
	rule->epochs.backend = epochs.backend;
	/* What goes up the stack has no next hop here. */
	if (rule->action == SP_ACTION_LOCAL)
		rule->epochs.route = epochs.route;
	if (rule->epochs.route == epochs.route)
		return 0;
	count(SP_NOTE_REFRESHED, p->len);
	return next_hop_refresh(at, val, p, af);
}

/*
 * Makes the rule at `val`, of `table` or a copy of it, true. 0; 1 when its backend has stopped serving and the pair is
 * gone; or why the packet is dropped.
 */
static __always_inline int flow_check(const struct place *at, void *table, struct flow_key *key, void *val,
				      const struct pkt *p, const enum af af)
{
	struct sp_config_val *config = config_row();
	__u64 now;

	if (unlikely(!config))
		return -SP_DROP_TABLE;
	now = epochs_load(&config->epochs);
	if (likely(epochs_load(&val_rule(val, af)->epochs) == now))
		return 0;
	return flow_renew(at, table, key, val, now, p, af);
}

/* A packet of the flow at `val`: as flow_check(), and 1 also when it opens a new connection over an ended one. */
static __always_inline int flow_use(const struct place *at, struct flow_key *key, void *val, const struct pkt *p,
				    const enum af af)
{
	if (flow_advance(flow_table(af), key, val, p, af))
		return 1;
	return flow_check(at, flow_table(af), key, val, p, af);
}

#endif
