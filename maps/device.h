/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What the packet path must know of a device that translated packets can leave by. */
#ifndef SP_MAPS_DEVICE_H
#define SP_MAPS_DEVICE_H

#include "abi.h"
#include "addr.h"

/* sp_device_val.flags */
/* XDP can transmit on it: it is in sp_tx_ports. */
#define SP_DEVICE_XDP_TX    0x01u
#define SP_DEVICE_HAS_SNAT4 0x02u
#define SP_DEVICE_HAS_SNAT6 0x04u
/* Pods are behind it, whatever their addresses: their packets have the scope SP_SCOPE_POD. */
#define SP_DEVICE_PODS 0x08u
/*
 * It is a veth whose other end is inside a Pod, and packets from outside are to be delivered to that end: transmitted
 * by XDP with SP_DEVICE_XDP_TX, else handed over by bpf_redirect_peer().
 */
#define SP_DEVICE_PEER 0x10u

/* Value of sp_devices, by ifindex (host byte order). snat4 and snat6 are the addresses a remote backend sees. */
struct sp_device_val {
	struct sp_addr snat4;
	struct sp_addr snat6;
	__u32 flags;
	/* Bytes of an IP packet. */
	__u32 mtu;
};
SP_ASSERT_SIZE(sp_device_val, 40);

#endif
