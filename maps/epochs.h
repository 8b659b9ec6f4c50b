/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What a flow has looked up once and may be wrong by now. sp_config has the epochs in force, a flow those of its last
 * look; both are one word of 8 bytes, so that a packet sees by one compare that nothing has changed. Each starts at 1
 * and skips 0, which is never current.
 */
#ifndef SP_MAPS_EPOCHS_H
#define SP_MAPS_EPOCHS_H

#include "abi.h"

struct sp_epochs {
	/* Of next hops: action, MACs, ifindex and mtu of a flow. */
	__u32 route;
	/* Of generations: bumped after a sp_backend_val.generation was, which UDP flows compare with their own (I5). */
	__u32 backend;
};
SP_ASSERT_SIZE(sp_epochs, 8);

#endif
