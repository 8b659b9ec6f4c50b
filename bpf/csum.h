/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Internet checksum arithmetic (RFC 1071, RFC 1624). One's complement sums do not care about byte order as long as all
 * words are loaded the same way, so everything here is in the order of the wire.
 *
 * Pure: no helpers, no maps.
 */
#ifndef SP_BPF_CSUM_H
#define SP_BPF_CSUM_H

#include "bpf/pkt.h"

/* What decrementing the first byte of the big-endian word [TTL, protocol] by one adds to its sum. */
#define CSUM_TTL_DELTA bpf_htons(0xfeff)

static __always_inline __u16 csum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)(sum + (sum >> 16));
}

/* Adds the two halves of a 32-bit word. */
static __always_inline __u32 csum_add32(__u32 sum, __be32 word)
{
	return sum + (word & 0xffff) + (word >> 16);
}

/* RFC 1624, equation 3: the checksum after the words under it changed by `delta`. Two words carry once at most. */
static __always_inline __u16 csum_apply(__u16 check, __u16 delta)
{
	__u32 sum = (check ^ 0xffffu) + delta;

	return (__u16) ~(sum + (sum >> 16));
}

/*
 * The same for UDP: zero means "no checksum" and stays (RFC 768; RFC 6935 for IPv6), and a sum that comes out as zero
 * is sent as all ones.
 */
static __always_inline __u16 csum_apply_udp(__u16 check, __u16 delta)
{
	__u16 sum;

	if (!check)
		return 0;
	sum = csum_apply(check, delta);
	return sum ? sum : 0xffff;
}

#endif
