/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Why a packet took the exit that it took. One line makes the number, the name and the sentence an operator reads.
 * Numbers are ABI: append only, and keep a retired one as UNUSED_n.
 *
 * SP_DROP_*    the packet is gone
 * SP_REJECT_*  the packet is answered (TCP reset, ICMP port unreachable)
 * SP_PASS_*    the packet goes to the stack untouched
 * SP_NOTE_*    nothing happens to the packet; the event is worth counting
 */
#ifndef SP_MAPS_STATS_H
#define SP_MAPS_STATS_H

#include "abi.h"

/* X(SYMBOL, number, "name", "description") */
#define SP_REASONS(X)                                                                                                  \
	X(SP_FORWARD_XDP, 0, "forward-xdp", "translated and sent on by XDP")                                           \
	X(SP_FORWARD_LOCAL, 1, "forward-local", "translated and handed to this node's stack")                          \
	X(SP_FORWARD_EGRESS, 2, "forward-egress", "reply of a local backend translated at tc egress")                  \
	X(SP_FORWARD_NEIGH, 3, "forward-neigh", "translated and sent by the stack, which resolves the neighbour")      \
	X(SP_PASS_NOT_OURS, 4, "pass-not-ours", "no frontend has this destination")                                    \
	X(SP_PASS_NOT_IP, 5, "pass-not-ip", "not IPv4 or IPv6")                                                        \
	X(SP_PASS_FRAGMENT, 6, "pass-fragment", "IP fragment: not translated in this version")                         \
	X(SP_PASS_PROTOCOL, 7, "pass-protocol", "neither TCP nor UDP: not translated in this version")                 \
	X(SP_PASS_MALFORMED, 8, "pass-malformed", "headers truncated or inconsistent")                                 \
	X(SP_PASS_UNKNOWN_TCP, 9, "pass-unknown-tcp",                                                                  \
	  "TCP segment of no known connection, to an address of this node")                                            \
	X(SP_REJECT_NO_BACKEND, 10, "reject-no-backend", "the service has no usable endpoint")                         \
	X(SP_REJECT_UNKNOWN_TCP, 11, "reject-unknown-tcp", "TCP segment of no known connection, to a virtual address") \
	X(SP_DROP_NO_LOCAL_BACKEND, 12, "drop-no-local-backend", "policy Local, and no endpoint on this node")         \
	X(SP_DROP_SOURCE_RANGE, 13, "drop-source-range", "client not in loadBalancerSourceRanges")                     \
	X(SP_DROP_NO_ROUTE, 14, "drop-no-route", "no route to the next hop")                                           \
	X(SP_DROP_FORWARDING_OFF, 15, "drop-forwarding-off", "the kernel does not forward on the ingress device")      \
	X(SP_DROP_NO_SNAT_ADDR, 16, "drop-no-snat-addr", "the egress device has no address of this family")            \
	X(SP_DROP_SNAT_PORTS, 17, "drop-snat-ports", "no free source port towards this backend")                       \
	X(SP_DROP_TTL, 18, "drop-ttl", "TTL or hop limit ran out")                                                     \
	X(SP_DROP_TOO_BIG, 19, "drop-too-big", "larger than the egress device takes")                                  \
	X(SP_DROP_NO_META, 20, "drop-no-meta", "next hop unresolved and the driver has no packet metadata")            \
	X(SP_DROP_REWRITE, 21, "drop-rewrite", "the packet could not be written")                                      \
	X(SP_DROP_TABLE, 22, "drop-table", "the flow could not be stored")                                             \
	X(SP_NOTE_FLOW_NEW, 23, "flow-new", "connections opened")                                                      \
	X(SP_NOTE_FLOW_PROMOTED, 24, "flow-promoted", "connections proven two-way and moved to the flow table")        \
	X(SP_NOTE_FLOWS_FULL, 25, "flows-full", "flow table full: the connection stays an embryo")                     \
	X(SP_NOTE_FLOW_RESTEERED, 26, "flow-resteered", "UDP flows moved off a backend that stopped serving")          \
	X(SP_NOTE_FLOW_AGED, 27, "flow-aged", "connections removed after their idle time")                             \
	X(SP_NOTE_SNAT_CLASH, 28, "snat-clash", "source ports found taken while looking for a free one")               \
	X(SP_NOTE_REFRESHED, 29, "next-hop-refreshed", "cached next hops looked up again")                             \
	X(SP_NOTE_EVENT_LOST, 30, "event-lost", "events not written because the ring was full")

enum sp_reason {
#define SP_REASON_ENUM(symbol, number, name, text) symbol = number,
	SP_REASONS(SP_REASON_ENUM)
#undef SP_REASON_ENUM
	    SP_REASON_MAX_,
};

/* Row of sp_counters, by enum sp_reason. Per CPU. */
struct sp_counter_val {
	__u64 packets;
	/* Bytes of whole frames as the hook saw them. */
	__u64 bytes;
};
SP_ASSERT_SIZE(sp_counter_val, 16);

/* Row of sp_svc_stats, by service id. Per CPU. Both directions. */
struct sp_service_stats_val {
	__u64 packets;
	__u64 bytes;
};
SP_ASSERT_SIZE(sp_service_stats_val, 16);

#endif
