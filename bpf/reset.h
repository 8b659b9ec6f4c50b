/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The TCP reset that answers a segment (RFC 9293, 3.10.7.1). Read from the segment first and written later: in between
 * its bytes may move.
 *
 * Pure: no helpers, no maps.
 */
#ifndef SP_BPF_RESET_H
#define SP_BPF_RESET_H

#include "bpf/answer.h"
#include "bpf/parse.h"

struct reset {
	/* As in the segment. */
	__be32 saddr[4];
	__be32 daddr[4];
	__be16 sport;
	__be16 dport;
	/* Of the reset. */
	__be32 seq;
	__be32 ack;
	__u16 flags;
};

/* Payload bytes of a segment, SYN and FIN counted (RFC 9293, 3.3: SEG.LEN). */
static __always_inline __u32 segment_len(const struct pkt *p, const struct tcphdr *tcp)
{
	__u32 headers = (p->l4_off - p->l3_off) + tcp->doff * 4;
	__u32 len = p->l3_len > headers ? p->l3_len - headers : 0;

	return len + !!(p->tcp_flags & TCP_SYN) + !!(p->tcp_flags & TCP_FIN);
}

static __always_inline int reset_read(struct reset *reset, const struct pkt *p, const enum af af)
{
	struct tcphdr *tcp = p->l4;

	if ((void *)(tcp + 1) > p->end)
		return -SP_DROP_REWRITE;
	addr_copy(reset->saddr, pkt_saddr(p, af), af);
	addr_copy(reset->daddr, pkt_daddr(p, af), af);
	reset->sport = p->sport;
	reset->dport = p->dport;
	reset->seq = 0;
	reset->ack = 0;
	reset->flags = TCP_RST;
	if (p->tcp_flags & TCP_ACK) {
		reset->seq = tcp->ack_seq;
	} else {
		reset->ack = bpf_htonl(bpf_ntohl(tcp->seq) + segment_len(p, tcp));
		reset->flags |= TCP_ACK;
	}
	return 0;
}

/* Writes IP and TCP header at `l3`, without options. */
static __always_inline int reset_write(void *l3, void *end, const struct reset *reset, const enum af af)
{
	struct tcphdr *out = l3 + (af == AF4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
	__u32 sum;

	if ((void *)(out + 1) > end)
		return -SP_DROP_REWRITE;
	ip_write(l3, reset->daddr, reset->saddr, IPPROTO_TCP, sizeof(*out), af);
	__builtin_memset(out, 0, sizeof(*out));
	out->source = reset->dport;
	out->dest = reset->sport;
	out->seq = reset->seq;
	out->ack_seq = reset->ack;
	((__be16 *)out)[6] = bpf_htons((sizeof(*out) / 4) << 12 | reset->flags);
	sum = csum_pseudo(reset->saddr, reset->daddr, IPPROTO_TCP, sizeof(*out), af);
	out->check = (__u16)~csum_fold(csum_words(sum, out, sizeof(*out)));
	return 0;
}

#endif
