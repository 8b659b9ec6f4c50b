/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * From a destination to a backend: frontend, source ranges, affinity, exact round-robin.
 *
 * Only the first packet of a flow comes here, and a socket that connects. All policy is in the rows already
 * (loader/compile).
 */
#ifndef SP_BPF_SERVICE_H
#define SP_BPF_SERVICE_H

#include "bpf/flow.h"

/* What a new flow was given. `backend` points into sp_backends; a row in use keeps its address and port. */
struct choice {
	__u32 service_id;
	__u32 backend_id;
	struct sp_backend_val *backend;
};

/* `key` has its address already. */
static __always_inline struct sp_frontend_val *frontend_find(struct sp_frontend_key *key, __be16 port, __u8 proto,
							     __u8 scope)
{
	key->port = port;
	key->proto = proto;
	key->scope = scope;
	return bpf_map_lookup_elem(&sp_frontends, key);
}

static __always_inline struct sp_frontend_val *frontend_lookup(const struct pkt *p, __u8 scope, const enum af af)
{
	struct sp_frontend_key key;

	addr_widen(&key.addr, pkt_daddr(p, af), af);
	return frontend_find(&key, p->dport, p->proto, scope);
}

/* spec.loadBalancerSourceRanges: is the client in a range of this service? */
static __always_inline int source_allowed(const struct pkt *p, __u32 service_id, const enum af af)
{
	struct sp_source_range_key key;

	key.prefix_bits = 32 + 128;
	key.service_id = bpf_htonl(service_id);
	addr_widen(&key.addr, pkt_saddr(p, af), af);
	return bpf_map_lookup_elem(&sp_source_range, &key) != NULL;
}

/*
 * Takes the next slot of the set: after n picks on an unchanged set of N, each slot has had floor(n/N) or ceil(n/N)
 * (I2). base and count come from one 8-byte load, so the set is whole (I1).
 */
static __always_inline __u32 slot_next(__u32 service_id, __u64 set)
{
	__u64 *cursor = bpf_map_lookup_elem(&sp_cursors, &service_id);
	__u32 base = (__u32)set;
	__u32 slots = set >> 32;
	__u64 turn;

	if (!cursor || !slots)
		return 0;
	turn = __sync_fetch_and_add(cursor, 1);
	return base + (__u32)(turn % slots);
}

/* The backend that this client had here, while it is fresh and still in the set; 0 otherwise. */
static __always_inline __u32 affinity_lookup(struct sp_affinity_key *key, struct sp_service_val *service, __u32 tick)
{
	struct sp_affinity_val *had = bpf_map_lookup_elem(&sp_affinity, key);
	struct sp_backend_val *backend;
	__u32 id;

	if (!had || tick - had->last_new_tick > service->affinity_ticks)
		return 0;
	id = had->backend_id;
	backend = bpf_map_lookup_elem(&sp_backends, &id);
	if (!backend || backend->generation != had->backend_generation || backend->service_id != key->service_id ||
	    !(backend->flags & SP_BACKEND_SELECTED))
		return 0;
	return id;
}

static __always_inline void affinity_store(struct sp_affinity_key *key, const struct choice *choice, __u32 tick)
{
	struct sp_affinity_val val = {
	    .backend_id = choice->backend_id,
	    .backend_generation = choice->backend->generation,
	    .last_new_tick = tick,
	};

	bpf_map_update_elem(&sp_affinity, key, &val, BPF_ANY);
}

/* Points `choice` to the row of `id`; 0 when it is in use. */
static __always_inline int backend_read(struct choice *choice, __u32 id)
{
	struct sp_backend_val *backend = bpf_map_lookup_elem(&sp_backends, &id);

	if (!backend || !(backend->flags & SP_BACKEND_USED))
		return -SP_REJECT_NO_BACKEND;
	choice->backend_id = id;
	choice->backend = backend;
	return 0;
}

/* 0 and a choice, or why there is none. `affinity` has its client already. */
static __always_inline int backend_choose(__u32 service_id, struct sp_affinity_key *affinity, struct choice *choice)
{
	struct sp_service_val *service = bpf_map_lookup_elem(&sp_services, &service_id);
	__u32 slot, remembered = 0;
	__u32 tick = tick_now();
	__u64 set, *id;
	int ret;

	if (!service)
		return -SP_REJECT_NO_BACKEND;
	set = LOAD_ONCE(*(__u64 *)&service->slot_base);
	if (!(set >> 32))
		return service->flags & SP_SERVICE_DROP_EMPTY ? -SP_DROP_NO_LOCAL_BACKEND : -SP_REJECT_NO_BACKEND;
	choice->service_id = service_id;
	if (service->flags & SP_SERVICE_AFFINITY) {
		affinity->service_id = service_id;
		remembered = affinity_lookup(affinity, service, tick);
	}
	if (!remembered) {
		slot = slot_next(service_id, set);
		id = bpf_map_lookup_elem(&sp_slots, &slot);
		if (!id)
			return -SP_REJECT_NO_BACKEND;
		remembered = (__u32)*id;
	}
	ret = backend_read(choice, remembered);
	if (!ret && (service->flags & SP_SERVICE_AFFINITY))
		affinity_store(affinity, choice, tick);
	return ret;
}

/* The same for a packet: its client is its source address. */
static __always_inline int backend_select(const struct pkt *p, __u32 service_id, struct choice *choice,
					  const enum af af)
{
	struct sp_affinity_key affinity;

	addr_widen(&affinity.client, pkt_saddr(p, af), af);
	return backend_choose(service_id, &affinity, choice);
}

#endif
