/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * ICMP port unreachable (RFC 792, RFC 4443 3.1). It quotes the IP header and eight bytes of the packet that it answers,
 * the least that RFC 792 asks for and enough to find the socket.
 */
#ifndef SP_BPF_ICMP_H
#define SP_BPF_ICMP_H

#include "bpf/answer.h"
#include "maps/stats.h"

/* Type, code, checksum, four unused bytes. */
struct icmp_error {
	__u8 type;
	__u8 code;
	__be16 check;
	__be32 unused;
};

#define ICMP_DEST_UNREACH   3
#define ICMP_PORT_UNREACH   3
#define ICMPV6_DEST_UNREACH 1
#define ICMPV6_PORT_UNREACH 4

/* Longest quote: an IPv6 header, 80 bytes of extension headers, eight bytes of UDP. */
#define QUOTE_MAX 128

/* Sum of the ICMP message at `data`, `len` bytes of it; `len` is even. */
static __always_inline __u32 csum_message(__u32 sum, void *data, void *end, __u32 len)
{
	__u16 *word = data;

	for (__u32 i = 0; i < (sizeof(struct icmp_error) + QUOTE_MAX) / 2; i++) {
		if (i * 2 >= len || (void *)(word + 1) > end)
			break;
		sum += *word++;
	}
	return sum;
}

/*
 * Writes the headers of an answer at `l3` whose quote, `quote` bytes, stands behind them already: it answers a packet
 * from `saddr` to `daddr`.
 */
static __always_inline int icmp_write(void *l3, void *end, const __be32 *saddr, const __be32 *daddr, __u32 quote,
				      const enum af af)
{
	const __u8 proto = af == AF4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	struct icmp_error *icmp = l3 + (af == AF4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
	__u32 sum = 0;

	if ((void *)(icmp + 1) > end)
		return -SP_DROP_REWRITE;
	ip_write(l3, daddr, saddr, proto, sizeof(*icmp) + quote, af);
	icmp->type = af == AF4 ? ICMP_DEST_UNREACH : ICMPV6_DEST_UNREACH;
	icmp->code = af == AF4 ? ICMP_PORT_UNREACH : ICMPV6_PORT_UNREACH;
	icmp->check = 0;
	icmp->unused = 0;
	if (af == AF6)
		sum = csum_pseudo(saddr, daddr, proto, sizeof(*icmp) + quote, AF6);
	icmp->check = (__u16)~csum_fold(csum_message(sum, icmp, end, sizeof(*icmp) + quote));
	return 0;
}

#endif
