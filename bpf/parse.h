/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Parsing: Ethernet with VLAN tags, IPv4 with options, IPv6 with extension headers, TCP and UDP.
 *
 * Contract: 0 and a filled struct pkt, or the negative reason to leave the packet alone. Nothing is written to the
 * packet. Fragments and other protocols are for the stack in this version. Pure: no helpers, no maps.
 */
#ifndef SP_BPF_PARSE_H
#define SP_BPF_PARSE_H

#include <stddef.h>

#include "bpf/pkt.h"
#include "maps/limits.h"
#include "maps/stats.h"

#define ETHERTYPE_IPV4	bpf_htons(ETH_P_IP)
#define ETHERTYPE_IPV6	bpf_htons(ETH_P_IPV6)
#define ETHERTYPE_VLAN	bpf_htons(ETH_P_8021Q)
#define ETHERTYPE_SVLAN bpf_htons(ETH_P_8021AD)

/* More-fragments bit and fragment offset, RFC 791, 3.1. */
#define IPV4_FRAGMENT bpf_htons(0x3fff)

/* 802.1Q tag as it stands after the Ethernet addresses and a tag's ethertype. */
struct vlan_tag {
	__be16 tci;
	__be16 ethertype;
};

/* Common start of the IPv6 extension headers that we walk (RFC 8200, 4). */
struct ipv6_ext {
	__u8 next_header;
	/* In units of 8 bytes, the first 8 not counted. */
	__u8 length;
};

/* Of a frame that has an Ethernet header at least; p->l3 is what follows it. */
static __always_inline void parse_frame(void *data, void *end, struct pkt *p)
{
	p->eth = data;
	p->end = end;
	p->len = (__u32)(end - data);
	p->l3 = data + ETH_HLEN;
	p->l3_off = ETH_HLEN;
}

/* Sets p->l3 and returns the ethertype behind the VLAN tags, or 0 when the frame ends before that. */
static __always_inline __be16 parse_ethernet(void *data, void *end, struct pkt *p)
{
	struct ethhdr *eth = data;
	__be16 ethertype;

	if ((void *)(eth + 1) > end)
		return 0;
	/* By its offset: struct ethhdr is packed, and its members are loaded byte by byte. */
	ethertype = *(__be16 *)(data + offsetof(struct ethhdr, h_proto));
	parse_frame(data, end, p);
#pragma unroll
	for (int i = 0; i < SP_MAX_VLAN_TAGS; i++) {
		struct vlan_tag *tag = p->l3;

		if (likely(ethertype != ETHERTYPE_VLAN && ethertype != ETHERTYPE_SVLAN))
			break;
		if ((void *)(tag + 1) > end)
			return 0;
		ethertype = tag->ethertype;
		p->l3 = tag + 1;
		p->l3_off += sizeof(*tag);
		p->vlan_tags++;
	}
	return ethertype;
}

/* Walks to the TCP or UDP header of an IPv6 packet. RFC 8200, 4.1: each known header at most a few times. */
static __always_inline int parse_ipv6_ext(struct pkt *p, __u8 next_header)
{
	void *cursor = p->l3 + sizeof(struct ipv6hdr);
	__u32 offset = sizeof(struct ipv6hdr);

	for (int i = 0; i < SP_MAX_IPV6_EXT; i++) {
		struct ipv6_ext *ext = cursor;

		if (next_header == IPPROTO_TCP || next_header == IPPROTO_UDP) {
			p->l4 = cursor;
			p->l4_off = p->l3_off + offset;
			p->proto = next_header;
			return 0;
		}
		if (next_header == IPPROTO_FRAGMENT)
			return -SP_PASS_FRAGMENT;
		if (next_header != IPPROTO_HOPOPTS && next_header != IPPROTO_ROUTING && next_header != IPPROTO_DSTOPTS)
			return -SP_PASS_PROTOCOL;
		if ((void *)(ext + 1) > p->end)
			return -SP_PASS_MALFORMED;
		next_header = ext->next_header;
		offset += (ext->length + 1) * 8;
		cursor = p->l3 + (offset & 0x3fff);
	}
	return -SP_PASS_PROTOCOL;
}

static __always_inline int parse_ipv4(struct pkt *p)
{
	struct iphdr *ip = p->l3;
	__u32 header_len;

	if ((void *)(ip + 1) > p->end)
		return -SP_PASS_MALFORMED;
	header_len = ip->ihl * 4;
	if (ip->version != 4 || header_len < sizeof(*ip))
		return -SP_PASS_MALFORMED;
	if (unlikely(ip->frag_off & IPV4_FRAGMENT))
		return -SP_PASS_FRAGMENT;
	p->proto = ip->protocol;
	p->l3_len = bpf_ntohs(ip->tot_len);
	p->l4 = p->l3 + header_len;
	p->l4_off = p->l3_off + header_len;
	return 0;
}

static __always_inline int parse_ipv6(struct pkt *p)
{
	struct ipv6hdr *ip = p->l3;

	if ((void *)(ip + 1) > p->end)
		return -SP_PASS_MALFORMED;
	if (ip->version != 6)
		return -SP_PASS_MALFORMED;
	p->l3_len = bpf_ntohs(ip->payload_len) + sizeof(*ip);
	p->proto = ip->nexthdr;
	p->l4 = ip + 1;
	p->l4_off = p->l3_off + sizeof(*ip);
	if (likely(p->proto == IPPROTO_TCP || p->proto == IPPROTO_UDP))
		return 0;
	return parse_ipv6_ext(p, p->proto);
}

/* Fills what is left of `p` once its IP header has been read. */
static __always_inline int parse_l4(struct pkt *p)
{
	/* A length field that runs past the frame is broken; Ethernet padding makes the other way round legal. */
	if (unlikely(p->l3_len > p->len - p->l3_off))
		return -SP_PASS_MALFORMED;
	if (p->proto == IPPROTO_TCP) {
		struct tcphdr *tcp = p->l4;

		if ((void *)(tcp + 1) > p->end)
			return -SP_PASS_MALFORMED;
		p->ports = *(__be32 *)p->l4;
		p->check = p->l4 + offsetof(struct tcphdr, check);
		p->tcp_flags = ((__u8 *)tcp)[13];
		return 0;
	}
	if (p->proto == IPPROTO_UDP) {
		struct udphdr *udp = p->l4;

		if ((void *)(udp + 1) > p->end)
			return -SP_PASS_MALFORMED;
		p->check = p->l4 + offsetof(struct udphdr, check);
		p->ports = *(__be32 *)p->l4;
		return 0;
	}
	return -SP_PASS_PROTOCOL;
}

/* Fills the rest of `p` from p->l3 on. */
static __always_inline int parse_ip(struct pkt *p, const enum af af)
{
	int ret = af == AF4 ? parse_ipv4(p) : parse_ipv6(p);

	return ret ? ret : parse_l4(p);
}

/*
 * All of the above for what nearly every frame is: no VLAN tag, no options, no extension headers. Its headers have
 * places that are known at compile time, so no pointer to them is kept or spilled. 0, or the frame takes the long way,
 * which knows the reason.
 */
static __always_inline int parse_plain(void *data, void *end, struct pkt *p, const enum af af)
{
	const __u32 l3_size = af == AF4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	struct ipv6hdr *ip6 = data + ETH_HLEN;
	struct iphdr *ip4 = data + ETH_HLEN;

	if (data + ETH_HLEN + l3_size > end ||
	    *(__be16 *)(data + offsetof(struct ethhdr, h_proto)) != (af == AF4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6))
		return -SP_PASS_NOT_IP;
	parse_frame(data, end, p);
	p->l4 = p->l3 + l3_size;
	p->l4_off = ETH_HLEN + l3_size;
	if (af == AF4) {
		if (*(__u8 *)ip4 != (4 << 4 | sizeof(*ip4) / 4) || ip4->frag_off & IPV4_FRAGMENT)
			return -SP_PASS_PROTOCOL;
		p->proto = ip4->protocol;
		p->l3_len = bpf_ntohs(ip4->tot_len);
	} else {
		if (ip6->version != 6)
			return -SP_PASS_PROTOCOL;
		p->proto = ip6->nexthdr;
		p->l3_len = bpf_ntohs(ip6->payload_len) + l3_size;
	}
	return parse_l4(p);
}

/*
 * The TCP header of a parsed packet, for code that is far from parse_ip(): its bounds are checked again, since the
 * verifier (6.1 to 6.18) forgets what it knew of p->proto when that byte is spilled.
 */
static __always_inline struct tcphdr *pkt_tcp(const struct pkt *p)
{
	struct tcphdr *tcp = p->l4;

	if (p->proto != IPPROTO_TCP || (void *)(tcp + 1) > p->end)
		return NULL;
	return tcp;
}

/* TTL or hop limit of a parsed packet. */
static __always_inline __u8 hops_left(const struct pkt *p, const enum af af)
{
	return af == AF4 ? ((struct iphdr *)p->l3)->ttl : ((struct ipv6hdr *)p->l3)->hop_limit;
}

#endif
