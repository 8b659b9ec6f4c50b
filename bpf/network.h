/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What an address means by itself: a Pod's, a Service's. Asked for the first packet of a flow only.
 */
#ifndef SP_BPF_NETWORK_H
#define SP_BPF_NETWORK_H

#include "bpf/maps.bpf.h"
#include "bpf/tuple.h"

static __always_inline struct sp_networks_val *networks_row(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sp_networks, &zero);
}

/* The mapped form of an IPv4 address differs in its last word alone. An entry without a mask is unused. */
static __always_inline int network_holds(const struct sp_network *network, const struct sp_addr *addr, const enum af af)
{
	if (!network->mask.w[af == AF4 ? 3 : 0])
		return 0;
	if ((addr->w[3] & network->mask.w[3]) != network->addr.w[3])
		return 0;
	return af == AF4 || ((addr->w[0] & network->mask.w[0]) == network->addr.w[0] &&
			     (addr->w[1] & network->mask.w[1]) == network->addr.w[1] &&
			     (addr->w[2] & network->mask.w[2]) == network->addr.w[2]);
}

/* Whoever has this address counts as a Pod (detectLocalMode ClusterCIDR and NodeCIDR). */
static __always_inline int pod_address(const struct sp_addr *addr, const enum af af)
{
	struct sp_networks_val *networks = networks_row();

	return networks && network_holds(&networks->pods[af == AF6], addr, af);
}

/* The range of ClusterIPs that the address is in, or NULL. */
static __always_inline struct sp_network *service_network(const struct sp_addr *addr, const enum af af)
{
	struct sp_networks_val *networks = networks_row();

	if (!networks)
		return NULL;
	/* Unused entries come last. */
	for (int i = 0; i < SP_MAX_SERVICE_NETS; i++) {
		struct sp_network *network = &networks->services[af == AF6][i];

		if (likely(!network->mask.w[af == AF4 ? 3 : 0]))
			return NULL;
		if (network_holds(network, addr, af))
			return network;
	}
	return NULL;
}

/*
 * Nothing has this address and port as its frontend: 0 when that is the stack's affair, else the reason to refuse
 * (R-063, R-064).
 */
static __always_inline int unserved(const struct sp_addr *addr, const enum af af)
{
	struct sp_network *network = service_network(addr, af);
	__u32 *what;

	if (!network)
		return 0;
	what = bpf_map_lookup_elem(&sp_service_ips, addr);
	if (what)
		return *what == SP_SERVICE_IP_REJECT ? -SP_REJECT_UNDEFINED_PORT : 0;
	return network->flags & SP_NETWORK_ALLOCATED ? -SP_DROP_NO_SERVICE : 0;
}

#endif
