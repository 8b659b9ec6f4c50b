/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Counters and events: what is told of a packet when it leaves.
 *
 * A stage returns 0 (go on), a positive action of its hook (the packet is translated), or a negative reason, which the
 * entry program's one exit counts and turns into an action by its class (maps/stats.h).
 */
#ifndef SP_BPF_VERDICT_H
#define SP_BPF_VERDICT_H

#include "bpf/config.h"
#include "bpf/scratch.h"
#include "maps/event.h"

/* Least time between two events of one CPU: about 120 a second and CPU, whatever the flood. */
#define EVENT_INTERVAL_NS (1ull << 23)

static __always_inline void count(enum sp_reason reason, __u32 len_bytes)
{
	__u32 index = reason;
	struct sp_counter_val *counter = bpf_map_lookup_elem(&sp_counters, &index);

	if (counter) {
		counter->packets++;
		counter->bytes += len_bytes;
	}
}

static __always_inline void count_service(__u32 service_id, __u32 len_bytes)
{
	struct sp_service_stats_val *stats;

	if (!sp_cfg_service_stats)
		return;
	stats = bpf_map_lookup_elem(&sp_svc_stats, &service_id);
	if (stats) {
		stats->packets++;
		stats->bytes += len_bytes;
	}
}

/* Writes an event unless this CPU wrote one a moment ago. `p` has been parsed up to its ports. */
static __always_inline void event_emit(const struct pkt *p, enum sp_reason reason, __u32 ifindex, const enum af af)
{
	__u64 now_ns = bpf_ktime_get_coarse_ns();
	struct scratch *scratch = scratch_row();
	struct sp_event *event;

	if (!scratch || now_ns - scratch->last_event_ns < EVENT_INTERVAL_NS)
		return;
	scratch->last_event_ns = now_ns;
	event = bpf_ringbuf_reserve(&sp_events, sizeof(*event), 0);
	if (!event) {
		count(SP_NOTE_EVENT_LOST, p->len);
		return;
	}
	addr_widen(&event->saddr, pkt_saddr(p, af), af);
	addr_widen(&event->daddr, pkt_daddr(p, af), af);
	event->sport = p->sport;
	event->dport = p->dport;
	event->proto = p->proto;
	event->reason = reason;
	event->pad0 = 0;
	event->ifindex = ifindex;
	event->len_bytes = p->len;
	event->time_ns = now_ns;
	bpf_ringbuf_submit(event, 0);
}

#endif
