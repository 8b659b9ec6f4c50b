/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The one address type of every map but the flow tables, and the protocol numbers that keys carry. */
#ifndef SP_MAPS_ADDR_H
#define SP_MAPS_ADDR_H

#include "abi.h"

/*
 * An IPv6 address in network byte order; an IPv4 address a.b.c.d is ::ffff:a.b.c.d (RFC 4291, 2.5.5.2):
 * w[0] = w[1] = 0, w[2] = htonl(0xffff), w[3] = the IPv4 address.
 */
struct sp_addr {
	__be32 w[4];
};
SP_ASSERT_SIZE(sp_addr, 16);

/* w[2] of an IPv4 address, as a number in host byte order. */
#define SP_ADDR_V4_PREFIX 0x0000ffffu

/* IP protocol numbers (IANA) that a frontend can have. */
#define SP_PROTO_TCP  6
#define SP_PROTO_UDP  17
#define SP_PROTO_SCTP 132

#endif
