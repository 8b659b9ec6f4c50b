// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Aging: iterator programs that the kernel runs over the flow tables. A pair goes when both halves have been idle for
 * longer than the timeout of its state, and both halves go together (I3).
 *
 * Output tells the agent how far the walk is, and lets it bound a slice by the size of its read(): AGE_MARK_FIRST at
 * the first flow, AGE_MARK_STRIDE after every AGE_STRIDE flows, and at the end of the table the number of flows since.
 */
#include "bpf/flow.h"

/* loader/kernel/flow_aging.cpp reads them. */
#define AGE_STRIDE	64
#define AGE_MARK_STRIDE 0xff
#define AGE_MARK_FIRST	0xfe

/* What the kernel hands to such a program (kernel/bpf/map_iter.c); fields are relocated. */
struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
} __attribute__((preserve_access_index));

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
} __attribute__((preserve_access_index));

/* Idle time, in ticks, that this state is allowed. */
static __always_inline __u32 flow_timeout(const struct sp_timeouts *timeouts, const struct sp_flow_rule *rule,
					  __u8 proto)
{
	if (proto != IPPROTO_TCP)
		return timeouts->udp_stream_ticks;
	if ((rule->tcp_flags | rule->peer_tcp_flags) & TCP_RST)
		return timeouts->tcp_close_ticks;
	if (flow_closed(rule))
		return timeouts->tcp_time_wait_ticks;
	if ((rule->tcp_flags | rule->peer_tcp_flags) & TCP_FIN)
		return timeouts->tcp_close_wait_ticks;
	return timeouts->tcp_established_ticks;
}

static __always_inline int flow_expired(const struct sp_flow_rule *rule, __u32 tick, __u8 proto)
{
	struct sp_config_val *config = config_row();

	return config && (__s32)(tick - rule->last_seen_tick) > (__s32)flow_timeout(&config->timeouts, rule, proto);
}

static __always_inline int flow_age(struct bpf_iter__bpf_map_elem *ctx, const enum af af)
{
	void *key_buf = ctx->key, *val_buf = ctx->value;
	struct bpf_iter_meta *meta = ctx->meta;
	struct flow_key key, partner_key;
	struct sp_flow_rule *rule;
	__u32 tick = tick_now();
	void *partner;
	__u8 mark = 0;
	__u8 proto;

	if (!key_buf || !val_buf) {
		/* Here seq_num is still that of the last flow, and 0 in an empty table, too. */
		mark = (meta->seq_num + 1) % AGE_STRIDE;
		bpf_seq_write(meta->seq, &mark, sizeof(mark));
		return 0;
	}
	if (meta->seq_num % AGE_STRIDE == AGE_STRIDE - 1 || meta->seq_num == 0) {
		mark = meta->seq_num ? AGE_MARK_STRIDE : AGE_MARK_FIRST;
		bpf_seq_write(meta->seq, &mark, sizeof(mark));
	}
	if (af == AF4)
		key.v4 = *(struct sp_flow4_key *)key_buf;
	else
		key.v6 = *(struct sp_flow6_key *)key_buf;
	proto = key_proto(&key, af);
	rule = val_rule(val_buf, af);
	if (!flow_expired(rule, tick, proto))
		return 0;
	key_of_partner(&partner_key, val_buf, proto, af);
	partner = bpf_map_lookup_elem(flow_table(af), &partner_key);
	if (partner && !flow_expired(val_rule(partner, af), tick, proto))
		return 0;
	bpf_map_delete_elem(flow_table(af), &partner_key);
	bpf_map_delete_elem(flow_table(af), &key);
	count(SP_NOTE_FLOW_AGED, 0);
	return 0;
}

SEC("iter/bpf_map_elem")
int sp_age4(struct bpf_iter__bpf_map_elem *ctx)
{
	return flow_age(ctx, AF4);
}

SEC("iter/bpf_map_elem")
int sp_age6(struct bpf_iter__bpf_map_elem *ctx)
{
	return flow_age(ctx, AF6);
}

char LICENSE[] SEC("license") = "GPL";
