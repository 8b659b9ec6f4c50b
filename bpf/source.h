/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Whose address a backend sees as its client: the client's own, or one of this node.
 */
#ifndef SP_BPF_SOURCE_H
#define SP_BPF_SOURCE_H

#include "bpf/next_hop.h"
#include "bpf/pair.h"
#include "bpf/service.h"

/* A packet that asks for a flow, and what its frontend says. */
struct caller {
	__u16 frontend_flags;
	/* enum sp_scope */
	__u8 scope;
};

/*
 * From outside, the replies of this node's backends come back by themselves, and those of others do only when they are
 * sent to us. A backend that calls itself would not take an answer from itself.
 */
static __always_inline int source_kept(const struct place *at, const struct caller *caller, const struct choice *choice,
				       const struct pkt *p, const enum af af)
{
	if (addr_equal(pkt_saddr(p, af), addr_words(&choice->backend->addr, af), af))
		return 0;
	if (at->hook == HOOK_XDP || caller->scope == SP_SCOPE_EXTERNAL)
		return choice->backend->flags & SP_BACKEND_LOCAL;
	return caller->frontend_flags & SP_FRONTEND_KEEP_SOURCE;
}

/* The device whose address masquerades what leaves by `ifindex`; a bridge behind a Pod's device may have none. */
static __always_inline struct sp_device_val *source_device(const struct place *at, __u32 ifindex, const enum af af)
{
	const __u32 has_addr = af == AF4 ? SP_DEVICE_HAS_SNAT4 : SP_DEVICE_HAS_SNAT6;
	struct sp_device_val *device = bpf_map_lookup_elem(&sp_devices, &ifindex);

	if (device && (device->flags & has_addr))
		return device;
	if (at->hook == HOOK_XDP)
		return NULL;
	ifindex = place_ifindex(at);
	device = bpf_map_lookup_elem(&sp_devices, &ifindex);
	return device && (device->flags & has_addr) ? device : NULL;
}

/* The egress device's address and a port of ours as the source. */
static __always_inline int source_masquerade(const struct place *at, void *request, const enum af af)
{
	struct sp_flow_rule *rule = val_rule(request, af);
	struct sp_device_val *device = source_device(at, rule->ifindex, af);
	struct sp_config_val *config = config_row();

	if (!device)
		return -SP_DROP_NO_SNAT_ADDR;
	addr_copy(val_saddr(request, af), addr_words(af == AF4 ? &device->snat4 : &device->snat6, af), af);
	rule->sport = config ? snat_port(config, bpf_get_prandom_u32()) : 0;
	return rule->sport ? 0 : -SP_DROP_SNAT_PORTS;
}

/*
 * The way of a request from outside to a backend of this node. Where the FIB knows none, the address is the node's own,
 * or the stack shall say what is wrong.
 */
static __always_inline void source_deliver(const struct place *at, void *request, const struct pkt *p, const enum af af)
{
	struct sp_flow_rule *rule = val_rule(request, af);

	if (sp_cfg_local_delivery && at->hook == HOOK_XDP) {
		rule->flags |= SP_FLOW_POD;
		if (!next_hop_refresh(at, request, p, af))
			return;
		rule->flags &= ~SP_FLOW_POD;
	}
	rule->action = SP_ACTION_LOCAL;
}

/*
 * Source and way of a request whose destination stands. What keeps its source goes on through the stack, but for a
 * process of the node: its packet has been through it, and leaves by a device that was chosen for the frontend. With a
 * source of ours the stack would refuse it (fib_validate_source).
 */
static __always_inline int source_set(const struct place *at, const struct caller *caller, const struct choice *choice,
				      void *request, const struct pkt *p, const enum af af)
{
	const int kept = source_kept(at, caller, choice, p, af);
	int ret;

	if (kept && at->hook != HOOK_EGRESS) {
		source_deliver(at, request, p, af);
		return 0;
	}
	ret = next_hop_refresh(at, request, p, af);
	/* No way leads to a process of this node, nor does it take what seems to come from its own address. */
	if (ret == -SP_DROP_NO_ROUTE && at->hook == HOOK_POD && (choice->backend->flags & SP_BACKEND_LOCAL)) {
		val_rule(request, af)->action = SP_ACTION_LOCAL;
		return 0;
	}
	return ret || kept ? ret : source_masquerade(at, request, af);
}

#endif
