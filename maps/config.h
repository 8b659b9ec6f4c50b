/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The one row of sp_config: what the agent may change while packets flow. */
#ifndef SP_MAPS_CONFIG_H
#define SP_MAPS_CONFIG_H

#include "abi.h"
#include "epochs.h"

/* Idle times after which aging removes a pair of flows, in ticks of 2^30 ns. Names follow nf_conntrack's sysctls. */
struct sp_timeouts {
	__u32 tcp_established_ticks;
	/* One side has closed (FIN): the other may still send for long. */
	__u32 tcp_close_wait_ticks;
	/* Both sides have closed. */
	__u32 tcp_time_wait_ticks;
	/* A reset was seen. */
	__u32 tcp_close_ticks;
	__u32 udp_stream_ticks;
};
SP_ASSERT_SIZE(sp_timeouts, 20);

/* An inclusive range of ports, host byte order; first > last means empty. */
struct sp_port_range {
	__u16 first;
	__u16 last;
};
SP_ASSERT_SIZE(sp_port_range, 4);

struct sp_config_val {
	/* SP_ABI_VERSION of whoever created the maps. */
	__u32 abi_version;
	/*
	 * Until this tick, TCP segments of unknown connections to a virtual address pass to the stack, where conntrack
	 * may still translate them for a kube-proxy that served the address before us. 0: never. Agents that know
	 * nothing of it leave it 0.
	 */
	__u32 foreign_tcp_until_tick;
	/* What flows are compared with: one load. */
	struct sp_epochs epochs;
	struct sp_timeouts timeouts;
	/* Source ports for translated requests: outside the ephemeral and the nodePort range. */
	struct sp_port_range snat_ports[2];
	__u32 pad;
};
SP_ASSERT_SIZE(sp_config_val, 48);
SP_ASSERT_OFFSET(sp_config_val, epochs, 8);
SP_ASSERT_OFFSET(sp_config_val, snat_ports, 36);

#endif
