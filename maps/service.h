/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Frontends, what they point to, and the round-robin cursor: how a new flow finds its backend. */
#ifndef SP_MAPS_SERVICE_H
#define SP_MAPS_SERVICE_H

#include "abi.h"
#include "addr.h"
#include "limits.h"

/*
 * sp_frontend_key.scope: who the client is. Policies answer each of them differently (service-semantics 2.4), so each
 * has rows of its own and the packet path decides nothing.
 */
enum sp_scope {
	/* Anyone whose packets arrive at an external device, unless its address is one of sp_networks.pods. */
	SP_SCOPE_EXTERNAL = 0,
	/* A Pod: a socket in another network namespace of this node, a packet at a Pod's device. */
	SP_SCOPE_POD = 1,
	/* A process in the network namespace of the node. */
	SP_SCOPE_HOST = 2,
};

struct sp_frontend_key {
	struct sp_addr addr;
	__be16 port;
	/* SP_PROTO_* */
	__u8 proto;
	/* enum sp_scope */
	__u8 scope;
};
SP_ASSERT_SIZE(sp_frontend_key, 20);

/* sp_frontend_val.flags */
/* The address is one of this node's own: a TCP segment of an unknown connection goes to the stack, which resets it. */
#define SP_FRONTEND_NODE_ADDR 0x01u
/* sp_source_range decides who may open a flow here (spec.loadBalancerSourceRanges). */
#define SP_FRONTEND_SOURCE_RANGES 0x02u
/*
 * A remote backend sees the client's own address. For packets of Pods and of this node only: their replies come back
 * here by themselves. Hairpin traffic, whose backend is the client, gets a source of ours all the same.
 */
#define SP_FRONTEND_KEEP_SOURCE 0x04u
/* Socket hooks leave the destination alone: each packet is translated by itself, its source address decides. */
#define SP_FRONTEND_PACKETS 0x08u

/* Kinds of frontend, for display only (sp_frontend_val.kind). */
enum sp_frontend_kind {
	SP_KIND_CLUSTER_IP = 0,
	SP_KIND_NODE_PORT = 1,
	SP_KIND_LOAD_BALANCER = 2,
	SP_KIND_EXTERNAL_IP = 3,
	SP_KIND_HOST_PORT = 4,
};

/* Read by packets as one aligned 8-byte word. */
struct sp_frontend_val {
	__u32 service_id;
	__u16 flags;
	/* enum sp_frontend_kind */
	__u16 kind;
};
SP_ASSERT_SIZE(sp_frontend_val, 8);

/* sp_service_val.flags */
/* No usable endpoint here, but elsewhere (a Local policy): drop without an answer instead of a reset. */
#define SP_SERVICE_DROP_EMPTY 0x01u
/* spec.sessionAffinity: ClientIP */
#define SP_SERVICE_AFFINITY 0x02u

/*
 * Row of sp_services; the id is the index, 0 is never used. Slots [slot_base, slot_base + slot_count) are the backend
 * set. slot_base and slot_count form one aligned 8-byte word that the agent stores at once, so that a packet sees the
 * old or the new set and no mixture (I1).
 */
struct sp_service_val {
	__u32 slot_base;
	__u32 slot_count;
	__u32 flags;
	/* spec.sessionAffinityConfig.clientIP.timeoutSeconds, in ticks of 2^30 ns */
	__u32 affinity_ticks;
};
SP_ASSERT_SIZE(sp_service_val, 16);
SP_ASSERT_OFFSET(sp_service_val, slot_count, 4);

/* Row of sp_svc_names: what people call a service id. Written and read by user space only. */
struct sp_service_name {
	char text[SP_NAME_BYTES];
};

/* Key of sp_affinity: which client, at which service. */
struct sp_affinity_key {
	struct sp_addr client;
	__u32 service_id;
};
SP_ASSERT_SIZE(sp_affinity_key, 20);

struct sp_affinity_val {
	__u32 backend_id;
	__u32 backend_generation;
	/* Tick of the last new flow of this client. */
	__u32 last_new_tick;
};
SP_ASSERT_SIZE(sp_affinity_val, 12);

/* Key of sp_source_range, a longest-prefix-match trie: 32 bits of service id, then up to 128 bits of address. */
struct sp_source_range_key {
	/* Bits that count: 32 + prefix length of the (mapped) address. */
	__u32 prefix_bits;
	/* Big endian, so that a trie compares it first. */
	__be32 service_id;
	struct sp_addr addr;
};
SP_ASSERT_SIZE(sp_source_range_key, 24);

#endif
