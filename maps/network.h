/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Ranges of addresses that mean something by themselves: those of Pods and those of Services. */
#ifndef SP_MAPS_NETWORK_H
#define SP_MAPS_NETWORK_H

#include "abi.h"
#include "addr.h"
#include "limits.h"

/* sp_network.flags */
/* A ServiceCIDR: an address in it that no Service has is nobody's, and packets to it are dropped. */
#define SP_NETWORK_ALLOCATED 0x01u

/*
 * An address x is inside when (x & mask) == addr. Nothing is inside an entry whose mask is 0, it is unused: a row that
 * no agent has written yet says nothing.
 */
struct sp_network {
	struct sp_addr addr;
	struct sp_addr mask;
	/* SP_NETWORK_* */
	__u32 flags;
	__u32 pad[3];
};
SP_ASSERT_SIZE(sp_network, 48);

/*
 * The one row of sp_networks, asked by the first packet of a flow only. Arrays by family: 0 is IPv4, 1 is IPv6. The
 * agent makes an entry unused before it gives it other numbers.
 */
struct sp_networks_val {
	/* Whoever has such an address counts as a Pod of the cluster (detectLocalMode ClusterCIDR and NodeCIDR). */
	struct sp_network pods[2];
	/* Every ClusterIP is inside one of these; used entries come first. */
	struct sp_network services[2][SP_MAX_SERVICE_NETS];
};
SP_ASSERT_SIZE(sp_networks_val, 48 * 18);
SP_ASSERT_OFFSET(sp_networks_val, services, 96);

/* Value of sp_service_ips, by sp_addr: what becomes of a packet to a port that no Service has there. */
enum sp_service_ip {
	/* A ClusterIP: refused. */
	SP_SERVICE_IP_REJECT = 1,
	/* Also an address of this node (a cache of DNS listens there, say): the stack's affair. */
	SP_SERVICE_IP_PASS = 2,
};

#endif
