/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * A flow: one direction of one tracked connection, stored as a finished rewrite rule.
 *
 * Key: the 5-tuple as the packet arrives. Value: what the packet becomes and where it goes. A connection is a pair of
 * flows, and each finds its partner without a pointer: the partner's key is the translated tuple read backwards
 *
 *     request  key (client:c -> frontend:f)   becomes (snat:s -> backend:b)
 *     reply    key (backend:b -> snat:s)      becomes (frontend:f -> client:c)
 *
 * The flow tables alone have a key of their own for each family; maps/README.md says why.
 */
#ifndef SP_MAPS_FLOW_H
#define SP_MAPS_FLOW_H

#include "abi.h"
#include "epochs.h"

struct sp_flow4_key {
	__be32 saddr;
	__be32 daddr;
	__be16 sport;
	__be16 dport;
	__u8 proto;
	__u8 pad[3];
};
SP_ASSERT_SIZE(sp_flow4_key, 16);

struct sp_flow6_key {
	__be32 saddr[4];
	__be32 daddr[4];
	__be16 sport;
	__be16 dport;
	__u8 proto;
	__u8 pad[3];
};
SP_ASSERT_SIZE(sp_flow6_key, 40);

/* sp_flow_rule.action: how a translated packet leaves. */
enum sp_flow_action {
	/* Up the stack of this node, Ethernet header and TTL untouched: a Pod or a socket here. */
	SP_ACTION_LOCAL = 0,
	/* Out of sp_flow_rule.ifindex: XDP_TX when it came in there, else a redirect through sp_tx_ports. */
	SP_ACTION_FORWARD = 1,
	/* No neighbour entry yet, or a device without XDP transmit: tc ingress sends it with bpf_redirect_neigh(). */
	SP_ACTION_NEIGH = 2,
	/* To a Pod here: tc ingress hands it to the other end of the veth sp_flow_rule.ifindex, bpf_redirect_peer(). */
	SP_ACTION_PEER = 3,
};

/* sp_flow_rule.flags */
/* The rule belongs to tc egress (reply of a backend on this node); XDP must leave such packets alone. */
#define SP_FLOW_EGRESS 0x01
/* This flow is the reply direction. */
#define SP_FLOW_REPLY 0x02
/* UDP: the backend's generation is compared when the epoch of backends is stale (sp_backend_val.generation). */
#define SP_FLOW_CHECK_BACKEND 0x04
/* The request half of a client on this node: it is translated where it leaves the client, and XDP leaves it alone. */
#define SP_FLOW_INSIDE 0x08
/* With SP_FLOW_INSIDE: the client is a process of the node and no Pod. */
#define SP_FLOW_HOST 0x10
/*
 * The request half of a client outside, its address kept, to a Pod of this node: the stack could route it, and does so
 * where no shorter way is open. Counts a hop here, whatever the way.
 */
#define SP_FLOW_POD 0x20

/*
 * The part of a flow that has no family. Fixed at creation: ports, deltas, ids, flags. Rewritten when an epoch is
 * stale: epochs, action, MACs, ifindex, mtu. Written by packets, only when changed: tcp_flags, peer_tcp_flags,
 * last_seen_tick.
 */
struct sp_flow_rule {
	__be16 sport;
	__be16 dport;
	/* One's complement sums of (new - old) over the rewritten words, as folded by csum_fold in bpf/csum.h (RFC
	 * 1624). */
	__u16 l3_delta;
	__u16 l4_delta;
	__u32 ifindex;
	__u8 dmac[6];
	__u8 smac[6];
	/* enum sp_flow_action */
	__u8 action;
	/* SP_FLOW_* */
	__u8 flags;
	/* FIN and RST seen in this direction and in the other, as in byte 13 of the TCP header (RFC 9293, 3.1). */
	__u8 tcp_flags;
	__u8 peer_tcp_flags;
	/* Largest IP packet, in bytes, that the egress device takes; 0 = the stack decides. */
	__u16 mtu;
	__u16 pad1;
	/* sp_config.epochs when what they stand for was looked at. */
	struct sp_epochs epochs;
	/* Time of the last packet, in ticks of 2^30 ns (about 1.07 s) of CLOCK_MONOTONIC. */
	__u32 last_seen_tick;
	__u32 service_id;
	__u32 backend_id;
	__u32 backend_generation;
};
SP_ASSERT_SIZE(sp_flow_rule, 56);
SP_ASSERT_OFFSET(sp_flow_rule, epochs, 32);

struct sp_flow4_val {
	__be32 saddr;
	__be32 daddr;
	struct sp_flow_rule rule;
};
SP_ASSERT_SIZE(sp_flow4_val, 64);

struct sp_flow6_val {
	__be32 saddr[4];
	__be32 daddr[4];
	struct sp_flow_rule rule;
};
SP_ASSERT_SIZE(sp_flow6_val, 88);

/*
 * An embryo: a flow not yet proven two-way. A TCP pair is promoted by a client ACK for synack_seq + 1, where
 * synack_seq is the sequence number of the SYN-ACK that the backend sent; it stands in the request half.
 */
struct sp_embryo4_val {
	struct sp_flow4_val flow;
	/* Host byte order; valid when synack_seen is 1. */
	__u32 synack_seq;
	__u32 synack_seen;
};
SP_ASSERT_SIZE(sp_embryo4_val, 72);

struct sp_embryo6_val {
	struct sp_flow6_val flow;
	__u32 synack_seq;
	__u32 synack_seen;
};
SP_ASSERT_SIZE(sp_embryo6_val, 96);

/* Shift that turns CLOCK_MONOTONIC nanoseconds into ticks; the packet path counts them in jiffies (bpf/config.h). */
#define SP_TICK_SHIFT 30

#endif
