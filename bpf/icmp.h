/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * ICMP port unreachable, made of the UDP packet that it answers: new headers go in front, the old headers stay as the
 * quote. We quote the IP header and eight bytes, the least that RFC 792 asks for and enough to find the socket.
 */
#ifndef SP_BPF_ICMP_H
#define SP_BPF_ICMP_H

#include "bpf/answer.h"
#include "bpf/verdict.h"

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

/* Moves the link header `distance` bytes to the front, where adjust_head made room, and turns it round. */
static __always_inline int link_header_move(void *data, void *end, __u32 distance, __u32 l2_len)
{
	struct ethhdr *to = data, *from = data + distance;
	__be16 *to_tags, *from_tags;

	if ((void *)from + ETH_HLEN + SP_MAX_VLAN_TAGS * 4 > end)
		return -SP_DROP_REWRITE;
	__builtin_memcpy(to->h_dest, from->h_source, ETH_ALEN);
	__builtin_memcpy(to->h_source, from->h_dest, ETH_ALEN);
	to_tags = data + 2 * ETH_ALEN;
	from_tags = data + distance + 2 * ETH_ALEN;
	for (__u32 i = 0; i < 1 + SP_MAX_VLAN_TAGS * 2; i++) {
		if (i * 2 >= l2_len - 2 * ETH_ALEN)
			break;
		to_tags[i] = from_tags[i];
	}
	return 0;
}

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

/* Answers the UDP packet; packet pointers are invalid afterwards. */
static __always_inline int reject_udp(struct xdp_md *ctx, const struct pkt *p, const enum af af)
{
	const __u32 l3_size = af == AF4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	const __u32 room = l3_size + sizeof(struct icmp_error);
	__u32 l2_len = p->l3_off, quote = p->l4_off - p->l3_off + sizeof(struct udphdr);
	__be32 saddr[4], daddr[4];
	struct icmp_error *icmp;
	void *data, *end;
	__u32 sum = 0;

	addr_copy(saddr, pkt_saddr(p, af), af);
	addr_copy(daddr, pkt_daddr(p, af), af);
	if (quote > QUOTE_MAX || l2_len > ETH_HLEN + SP_MAX_VLAN_TAGS * 4)
		return -SP_DROP_REWRITE;
	if (bpf_xdp_adjust_tail(ctx, (int)(l2_len + quote) - (int)p->len) || bpf_xdp_adjust_head(ctx, -(int)room))
		return -SP_DROP_REWRITE;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (link_header_move(data, end, room, l2_len))
		return -SP_DROP_REWRITE;
	icmp = data + l2_len + l3_size;
	if ((void *)(icmp + 1) > end)
		return -SP_DROP_REWRITE;
	ip_write(data + l2_len, daddr, saddr, af == AF4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, sizeof(*icmp) + quote, af);
	icmp->type = af == AF4 ? ICMP_DEST_UNREACH : ICMPV6_DEST_UNREACH;
	icmp->code = af == AF4 ? ICMP_PORT_UNREACH : ICMPV6_PORT_UNREACH;
	icmp->check = 0;
	icmp->unused = 0;
	if (af == AF6)
		sum = csum_pseudo(saddr, daddr, IPPROTO_ICMPV6, sizeof(*icmp) + quote, AF6);
	icmp->check = (__u16)~csum_fold(csum_message(sum, icmp, end, sizeof(*icmp) + quote));
	return XDP_TX;
}

#endif
