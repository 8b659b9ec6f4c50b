/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Headers of packets that we make ourselves, with their checksums summed in full.
 *
 * Pure: no helpers, no maps.
 */
#ifndef SP_BPF_ANSWER_H
#define SP_BPF_ANSWER_H

#include "bpf/tuple.h"

#define ANSWER_TTL 64

/* Sum of `size` bytes, an even constant, whose bounds the caller has checked. */
static __always_inline __u32 csum_words(__u32 sum, const void *data, const __u32 size)
{
	const __u16 *words = data;

	for (__u32 i = 0; i < size / 2; i++)
		sum += words[i];
	return sum;
}

/* Sum of the pseudo-header (RFC 9293, 3.1; RFC 8200, 8.1). */
static __always_inline __u32 csum_pseudo(const __be32 *saddr, const __be32 *daddr, __u8 proto, __u16 len,
					 const enum af af)
{
	__u32 sum = bpf_htons(proto) + bpf_htons(len);

	for (int i = 0; i < AF_WORDS(af); i++) {
		sum = csum_add32(sum, saddr[i]);
		sum = csum_add32(sum, daddr[i]);
	}
	return sum;
}

static __always_inline void swap_macs(struct ethhdr *eth)
{
	__u8 mac[ETH_ALEN];

	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
}

/* Writes an IP header at `l3` that carries `payload_len` bytes of `proto` from `saddr` to `daddr`. */
static __always_inline void ip_write(void *l3, const __be32 *saddr, const __be32 *daddr, __u8 proto, __u16 payload_len,
				     const enum af af)
{
	if (af == AF4) {
		struct iphdr *ip = l3;

		__builtin_memset(ip, 0, sizeof(*ip));
		ip->version = 4;
		ip->ihl = 5;
		ip->ttl = ANSWER_TTL;
		ip->protocol = proto;
		ip->frag_off = bpf_htons(0x4000);
		ip->tot_len = bpf_htons(sizeof(*ip) + payload_len);
		ip->saddr = saddr[0];
		ip->daddr = daddr[0];
		ip->check = (__u16)~csum_fold(csum_words(0, ip, sizeof(*ip)));
	} else {
		struct ipv6hdr *ip = l3;

		__builtin_memset(ip, 0, sizeof(*ip));
		ip->version = 6;
		ip->hop_limit = ANSWER_TTL;
		ip->nexthdr = proto;
		ip->payload_len = bpf_htons(payload_len);
		addr_copy((__be32 *)&ip->saddr, saddr, AF6);
		addr_copy((__be32 *)&ip->daddr, daddr, AF6);
	}
}

#endif
