/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Records of the sp_events ring: packets that were dropped or rejected, at most a few per CPU and millisecond. */
#ifndef SP_MAPS_EVENT_H
#define SP_MAPS_EVENT_H

#include "abi.h"
#include "addr.h"

struct sp_event {
	struct sp_addr saddr;
	struct sp_addr daddr;
	__be16 sport;
	__be16 dport;
	__u8 proto;
	/* enum sp_reason */
	__u8 reason;
	__u16 pad0;
	__u32 ifindex;
	__u32 len_bytes;
	/* CLOCK_MONOTONIC, ns, coarse */
	__u64 time_ns;
};
SP_ASSERT_SIZE(sp_event, 56);

#endif
