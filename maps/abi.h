/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What every header of maps/ builds on: the ABI version and the two macros that hold a layout still.
 *
 * maps/ is compiled twice, as C for the BPF target and as C++20 for the agent, and both must agree on every byte.
 * Only data lives here: no functions, no bit-fields, no enums as members, no #ifdef around members, padding spelled
 * out as `pad` and zero. A change of any layout bumps SP_ABI_VERSION and ships a migration or a refusal.
 */
#ifndef SP_MAPS_ABI_H
#define SP_MAPS_ABI_H

#include <linux/types.h>

#ifdef __cplusplus
#include <cstddef>
#define SP_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#include <stddef.h>
#define SP_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

/* Asserts that `member` of `type` sits at byte `offset`. */
#define SP_ASSERT_OFFSET(type, member, offset)                                                                         \
	SP_STATIC_ASSERT(offsetof(struct type, member) == (offset), #type "." #member " moved: bump SP_ABI_VERSION")
/* Asserts that `type` is `size` bytes long. */
#define SP_ASSERT_SIZE(type, size)                                                                                     \
	SP_STATIC_ASSERT(sizeof(struct type) == (size), #type " changed size: bump SP_ABI_VERSION")

/* Version of all layouts in maps/. Stored in sp_config; an agent refuses a pin directory of another version. */
#define SP_ABI_VERSION 2

#endif
