/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Why a packet took the exit that it took. One line makes the number, the name and the sentence an operator reads.
 * Numbers are ABI: append only, and keep a retired one as UNUSED_n.
 *
 * SP_DROP_*    the packet is gone
 * SP_REJECT_*  the packet is answered (TCP reset, ICMP port unreachable)
 * SP_PASS_*    the packet goes to the stack untouched
 * SP_NOTE_*    nothing happens to the packet; the event is worth counting
 *
 * Translated packets have no reason: they are counted for their service, in sp_svc_stats.
 */
#ifndef SP_MAPS_STATS_H
#define SP_MAPS_STATS_H

#include "abi.h"

/* X(SYMBOL, number, "name", "description") */
#define SP_REASONS(X)                                                                                                  \
	X(SP_PASS_NOT_OURS, 1, "pass-not-ours", "no frontend has this destination")                                    \
	X(SP_PASS_NOT_IP, 2, "pass-not-ip", "neither IPv4 nor IPv6")                                                   \
	X(SP_PASS_FRAGMENT, 3, "pass-fragment", "IP fragment: not translated in this version")                         \
	X(SP_PASS_PROTOCOL, 4, "pass-protocol", "neither TCP nor UDP: not translated in this version")                 \
	X(SP_PASS_MALFORMED, 5, "pass-malformed", "headers truncated or inconsistent")                                 \
	X(SP_PASS_UNKNOWN_TCP, 6, "pass-unknown-tcp",                                                                  \
	  "TCP segment of no known connection, to an address of this node")                                            \
	X(SP_PASS_FOREIGN_TCP, 7, "pass-foreign-tcp",                                                                  \
	  "TCP segment of no known connection, to a virtual address that was kube-proxy's")                            \
	X(SP_REJECT_NO_BACKEND, 16, "reject-no-backend", "the service has no usable endpoint")                         \
	X(SP_REJECT_UNKNOWN_TCP, 17, "reject-unknown-tcp", "TCP segment of no known connection, to a virtual address") \
	X(SP_REJECT_UNDEFINED_PORT, 18, "reject-undefined-port", "the Service of this address has no such port")       \
	X(SP_DROP_NO_LOCAL_BACKEND, 32, "drop-no-local-backend", "policy Local, and no endpoint on this node")         \
	X(SP_DROP_SOURCE_RANGE, 33, "drop-source-range", "client not in loadBalancerSourceRanges")                     \
	X(SP_DROP_NO_ROUTE, 34, "drop-no-route", "no route to the next hop")                                           \
	X(SP_DROP_FORWARDING_OFF, 35, "drop-forwarding-off", "the kernel does not forward on the ingress device")      \
	X(SP_DROP_NO_SNAT_ADDR, 36, "drop-no-snat-addr",                                                               \
	  "the egress device is not attached or has no address of this family")                                        \
	X(SP_DROP_SNAT_PORTS, 37, "drop-snat-ports", "no free source port towards this backend")                       \
	X(SP_DROP_TTL, 38, "drop-ttl", "TTL or hop limit ran out")                                                     \
	X(SP_DROP_TOO_BIG, 39, "drop-too-big", "larger than the egress device takes")                                  \
	X(SP_DROP_NO_META, 40, "drop-no-meta", "next hop unresolved and the driver has no packet metadata")            \
	X(SP_DROP_REWRITE, 41, "drop-rewrite", "the packet could not be written")                                      \
	X(SP_DROP_TABLE, 42, "drop-table", "the flow could not be stored")                                             \
	X(SP_DROP_UNKNOWN_RST, 43, "drop-unknown-rst", "TCP reset of no known connection, to a virtual address")       \
	X(SP_DROP_NO_SERVICE, 44, "drop-no-service", "address of a ServiceCIDR that no Service has")                   \
	X(SP_NOTE_FLOW_NEW, 64, "flow-new", "connections opened")                                                      \
	X(SP_NOTE_FLOW_PROMOTED, 65, "flow-promoted", "connections proven two-way and moved to the flow table")        \
	X(SP_NOTE_FLOWS_FULL, 66, "flows-full", "flow table full: the connection stays an embryo")                     \
	X(SP_NOTE_FLOW_RESTEERED, 67, "flow-resteered", "UDP flows moved off a backend that stopped serving")          \
	X(SP_NOTE_FLOW_AGED, 68, "flow-aged", "connections removed after their idle time")                             \
	X(SP_NOTE_SNAT_CLASH, 69, "snat-clash", "source ports found taken while looking for a free one")               \
	X(SP_NOTE_EMBRYO_STOLEN, 70, "embryo-stolen", "embryos removed because a new flow needed their port")          \
	X(SP_NOTE_PAIR_REPAIRED, 71, "pair-repaired",                                                                  \
	  "reply halves made anew after the embryo table had evicted them")                                            \
	X(SP_NOTE_REFRESHED, 72, "next-hop-refreshed", "cached next hops looked up again")                             \
	X(SP_NOTE_NEIGH, 73, "next-hop-unresolved", "packets sent through the stack, which resolves the neighbour")    \
	X(SP_NOTE_EVENT_LOST, 74, "event-lost", "events not written because the ring was full")                        \
	X(SP_NOTE_SOCKET_CONNECT, 75, "socket-connect", "sockets connected to a backend in place of a frontend")       \
	X(SP_NOTE_SOCKET_SEND, 76, "socket-send", "datagrams of unconnected sockets sent to a backend")                \
	X(SP_NOTE_SOCKET_MOVED, 77, "socket-moved", "unconnected sockets moved off a backend that stopped serving")

/* First number of each class; a stage returns the negative number, bpf/verdict.h turns it into an action. */
#define SP_REASON_REJECT_FIRST 16
#define SP_REASON_DROP_FIRST   32
#define SP_REASON_NOTE_FIRST   64

enum sp_reason {
	SP_REASON_NONE = 0,
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
