/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The next hop of a flow: looked up in the kernel's FIB once, kept in the rule with the route epoch, and looked up
 * again by the first packet that finds the epoch stale.
 */
#ifndef SP_BPF_NEXT_HOP_H
#define SP_BPF_NEXT_HOP_H

#include "bpf/flow.h"
#include "bpf/place.h"

/* From <linux/socket.h> of the C library, which the BPF target has no use for otherwise. */
#define AF_INET	 2
#define AF_INET6 10

static __always_inline void fib_fill(struct bpf_fib_lookup *fib, __u32 ifindex, void *val, __u8 proto, const enum af af)
{
	struct sp_flow_rule *rule = val_rule(val, af);

	__builtin_memset(fib, 0, sizeof(*fib));
	fib->ifindex = ifindex;
	fib->l4_protocol = proto;
	fib->sport = rule->sport;
	fib->dport = rule->dport;
	if (af == AF4) {
		fib->family = AF_INET;
		fib->ipv4_dst = val_daddr(val, AF4)[0];
	} else {
		fib->family = AF_INET6;
		addr_copy(fib->ipv6_dst, val_daddr(val, AF6), AF6);
	}
}

/* How packets of `rule` leave by a device whose neighbour is known. */
static __always_inline __u8 next_hop_action(const struct sp_flow_rule *rule, const struct sp_device_val *device)
{
	__u32 flags = device ? device->flags : 0;

	/* A device that faces clients may be the way to a Pod, too: that is for the stack. */
	if (sp_cfg_local_delivery && (rule->flags & SP_FLOW_POD)) {
		if (!(flags & SP_DEVICE_PEER))
			return SP_ACTION_NEIGH;
		if (!(flags & SP_DEVICE_XDP_TX))
			return SP_ACTION_PEER;
	}
	return flags & SP_DEVICE_XDP_TX ? SP_ACTION_FORWARD : SP_ACTION_NEIGH;
}

/*
 * Fills action, MACs, ifindex, mtu and the route epoch of a rule from its new destination, for packets that come by
 * `ifindex_in`. 0, or why the packet is dropped. A next hop without a neighbour entry leaves the epoch stale: the next
 * packet asks again.
 */
static __always_inline int next_hop_set(void *ctx, __u32 ifindex_in, void *val, __u8 proto, const enum af af)
{
	struct sp_flow_rule *rule = val_rule(val, af);
	struct sp_config_val *config = config_row();
	struct bpf_fib_lookup fib;
	__u32 epoch, ifindex;
	__u8 action;
	long ret;

	if (!config)
		return -SP_DROP_TABLE;
	/* Read before the lookup: a change in between makes the result stale, never falsely current. */
	epoch = LOAD_ONCE(config->epochs.route);
	fib_fill(&fib, ifindex_in, val, proto, af);
	ret = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	if (ret == BPF_FIB_LKUP_RET_FWD_DISABLED)
		return -SP_DROP_FORWARDING_OFF;
	/* At tc the kernel compares with the device. */
	if (ret == BPF_FIB_LKUP_RET_FRAG_NEEDED)
		return -SP_DROP_TOO_BIG;
	if (ret != BPF_FIB_LKUP_RET_SUCCESS && ret != BPF_FIB_LKUP_RET_NO_NEIGH)
		return -SP_DROP_NO_ROUTE;
	ifindex = fib.ifindex;
	rule->ifindex = ifindex;
	rule->mtu = 0;
	rule->action = SP_ACTION_NEIGH;
	rule->epochs.route = 0;
	if (ret == BPF_FIB_LKUP_RET_NO_NEIGH)
		return 0;
	rule->epochs.route = epoch;
	action = next_hop_action(rule, bpf_map_lookup_elem(&sp_devices, &ifindex));
	if (action == SP_ACTION_NEIGH)
		return 0;
	__builtin_memcpy(rule->dmac, fib.dmac, ETH_ALEN);
	__builtin_memcpy(rule->smac, fib.smac, ETH_ALEN);
	rule->mtu = fib.mtu_result;
	rule->action = action;
	return 0;
}

static __noinline int next_hop_refresh4(void *ctx, __u32 ifindex_in, void *val, __u8 proto)
{
	return next_hop_set(ctx, ifindex_in, val, proto, AF4);
}

static __noinline int next_hop_refresh6(void *ctx, __u32 ifindex_in, void *val, __u8 proto)
{
	return next_hop_set(ctx, ifindex_in, val, proto, AF6);
}

static __always_inline int next_hop_refresh(const struct place *at, void *val, const struct pkt *p, const enum af af)
{
	__u32 ifindex_in = place_ifindex(at);

	return af == AF4 ? next_hop_refresh4(at->ctx, ifindex_in, val, p->proto)
			 : next_hop_refresh6(at->ctx, ifindex_in, val, p->proto);
}

#endif
