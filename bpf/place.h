/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Where a packet was seen, and what follows from that: whose flows the hook translates and who the client is. All that
 * the stages behind the flow lookup know of their hook is here.
 */
#ifndef SP_BPF_PLACE_H
#define SP_BPF_PLACE_H

#include "bpf/network.h"
#include "bpf/verdict.h"

enum hook {
	/* XDP of an external device. */
	HOOK_XDP,
	/* tc ingress of a device that Pods are behind. */
	HOOK_POD,
	/* tc egress of either: replies to clients behind it, and what processes of the node send. */
	HOOK_EGRESS,
};

struct place {
	/* struct xdp_md for HOOK_XDP, else struct __sk_buff. */
	void *ctx;
	enum hook hook;
};

/* The device that the packet came by, or leaves by. */
static __always_inline __u32 place_ifindex(const struct place *at)
{
	if (at->hook == HOOK_XDP)
		return ((struct xdp_md *)at->ctx)->ingress_ifindex;
	return ((struct __sk_buff *)at->ctx)->ifindex;
}

/* What a request half that is made here carries, so that other hooks leave it alone. */
static __always_inline __u8 place_flags(const struct place *at)
{
	if (at->hook == HOOK_XDP)
		return 0;
	return at->hook == HOOK_POD ? SP_FLOW_INSIDE : SP_FLOW_INSIDE | SP_FLOW_HOST;
}

/* Does this hook translate halves with these flags? A packet that claims another's is a stranger. */
static __always_inline int place_serves(const struct place *at, __u8 flags)
{
	if (at->hook == HOOK_XDP)
		return !(flags & (SP_FLOW_EGRESS | SP_FLOW_INSIDE));
	if (at->hook == HOOK_POD)
		return !(flags & (SP_FLOW_EGRESS | SP_FLOW_HOST));
	return flags & (SP_FLOW_EGRESS | SP_FLOW_HOST);
}

/* May this packet open a flow here? At egress only that of a process of the node: others have been seen already. */
static __always_inline int place_opens(const struct place *at, const struct pkt *p)
{
	if (at->hook != HOOK_EGRESS)
		return 1;
	if (p->proto == IPPROTO_TCP && (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
		return 0;
	return ((struct __sk_buff *)at->ctx)->sk != NULL;
}

static __always_inline int device_has_pods(__u32 ifindex)
{
	struct sp_device_val *device = bpf_map_lookup_elem(&sp_devices, &ifindex);

	return device && (device->flags & SP_DEVICE_PODS);
}

/* enum sp_scope of the client. */
static __always_inline __u8 place_scope(const struct place *at, const struct pkt *p, const enum af af)
{
	struct sp_addr client;

	if (at->hook == HOOK_EGRESS)
		return SP_SCOPE_HOST;
	if (at->hook == HOOK_POD && device_has_pods(place_ifindex(at)))
		return SP_SCOPE_POD;
	addr_widen(&client, pkt_saddr(p, af), af);
	return pod_address(&client, af) ? SP_SCOPE_POD : SP_SCOPE_EXTERNAL;
}

#endif
