/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Default sizes of the maps (entries) and the constant bounds of the packet path. Sizes are defaults: the agent's
 * --config can change them before the maps are first created, and adopts what a pinned map already has.
 */
#ifndef SP_MAPS_LIMITS_H
#define SP_MAPS_LIMITS_H

/* Entries are flows; a connection takes two. Preallocated: 128 bytes each for IPv4, 184 for IPv6. */
#define SP_MAX_FLOWS4	1048576
#define SP_MAX_FLOWS6	262144
#define SP_MAX_EMBRYOS4 131072
#define SP_MAX_EMBRYOS6 65536

#define SP_MAX_FRONTENDS     524288
#define SP_MAX_SERVICES	     65536
#define SP_MAX_SLOTS	     1048576
#define SP_MAX_BACKENDS	     524288
#define SP_MAX_DEVICES	     2048
#define SP_MAX_SOURCE_RANGES 65536
#define SP_MAX_AFFINITY	     131072
/* ClusterIPs, and addresses of this node among them. */
#define SP_MAX_SERVICE_IPS 65536
/* Two for each pair of an unconnected UDP socket and a frontend that it talks to, one for a connected one. */
#define SP_MAX_SOCK_PEERS 65536

/* Ranges of each family that ClusterIPs are known to lie in. */
#define SP_MAX_SERVICE_NETS 8

/* Bytes of the event ring; a power of two and a multiple of the page size. */
#define SP_EVENT_RING_BYTES 262144

/* VLAN tags that are parsed (802.1ad outer, 802.1Q inner). */
#define SP_MAX_VLAN_TAGS 2
/* IPv6 extension headers that are walked before a packet counts as unparsable. */
#define SP_MAX_IPV6_EXT 6
/* Source ports that are tried for one new flow before it is dropped with SP_DROP_SNAT_PORTS. */
#define SP_SNAT_TRIES 32

/* Length of the name of a service, with its terminating zero: namespace/name:port/protocol@scope. */
#define SP_NAME_BYTES 192

#endif
