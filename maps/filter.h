/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * sp_filter: a Bloom filter with one hash over addresses with port and protocol, so that most packets that are not ours
 * pass after a bit or two in place of hash lookups.
 *
 * It has the destinations of frontends and of replies that are translated where they come in, and, with
 * SP_FILTER_SOURCE, the sources of replies that are translated where they leave, each twice: the address alone, which
 * is asked first, and with port and protocol. A bit is set before the entry that it stands for, and never cleared: a
 * clear bit proves that there is none, a set one proves nothing. A reboot, or `sallyport cleanup`, starts anew.
 */
#ifndef SP_MAPS_FILTER_H
#define SP_MAPS_FILTER_H

#include "abi.h"
#include "addr.h"

#define SP_FILTER_BITS_LOG2 22
/* In the protocol: the address is a source. */
#define SP_FILTER_SOURCE 0x80

/* Rows of 64 bits: 512 KiB. */
#define SP_FILTER_WORDS (1u << (SP_FILTER_BITS_LOG2 - 6))

/*
 * The bit of an address: row = bit / 64. `w` are the four words of its sp_addr. Multiply-shift hashing with the odd
 * number nearest to 2^64 / golden ratio; its upper bits depend on all of the input.
 */
static inline __attribute__((always_inline)) __u32 sp_filter_bit(__be32 w0, __be32 w1, __be32 w2, __be32 w3,
								 __be16 port, __u8 proto)
{
	const __u64 odd = 0x9e3779b97f4a7c15ull;
	__u64 upper = (__u64)w0 << 32 | w1, lower = (__u64)w2 << 32 | w3;

	lower ^= upper * odd;
	lower ^= (__u64)port << 32 | (__u64)proto << 48;
	return (__u32)(lower * odd >> (64 - SP_FILTER_BITS_LOG2));
}

#endif
