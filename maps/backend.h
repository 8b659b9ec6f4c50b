/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* A backend: (address, port) of one endpoint of one service. */
#ifndef SP_MAPS_BACKEND_H
#define SP_MAPS_BACKEND_H

#include "abi.h"
#include "addr.h"

/* sp_backend_val.flags */
/* The endpoint is on this node: the client's address is kept and the packet goes up the stack. */
#define SP_BACKEND_LOCAL 0x01u
/* The row is in use: selected, or no longer selected and still serving the flows that it has. */
#define SP_BACKEND_USED 0x02u
/* The backend is in its service's set now: affinity may return to it. */
#define SP_BACKEND_SELECTED 0x04u

/*
 * Row of sp_backends; the id is the index, 0 is never used. A row belongs to one service: two services with the same
 * endpoint have two rows, so that one can lose it and the other keep it. `generation` only ever grows; it is bumped
 * when the endpoint stops serving, and a UDP flow with another generation is steered anew (I5) once sp_epochs.backend
 * has been bumped, too.
 */
struct sp_backend_val {
	struct sp_addr addr;
	__be16 port;
	__u16 flags;
	__u32 generation;
	__u32 service_id;
	__u32 pad;
};
SP_ASSERT_SIZE(sp_backend_val, 32);
SP_ASSERT_OFFSET(sp_backend_val, generation, 20);

#endif
