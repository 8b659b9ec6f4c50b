/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * REJECT: answers in place of a service without endpoints. TCP gets a reset (RFC 9293, 3.10.7.1), UDP an ICMP port
 * unreachable (RFC 792, RFC 4443 3.1) that quotes the headers, which is what a socket needs to find itself.
 *
 * The answer leaves where the packet came in, addresses swapped; tags stay. Packet pointers are invalid afterwards.
 */
#ifndef SP_BPF_REJECT_H
#define SP_BPF_REJECT_H

#include "bpf/answer.h"
#include "bpf/icmp.h"
#include "bpf/parse.h"

/* Payload bytes of a segment, SYN and FIN counted (RFC 9293, 3.3: SEG.LEN). */
static __always_inline __u32 segment_len(const struct pkt *p, const struct tcphdr *tcp)
{
	__u32 headers = (p->l4_off - p->l3_off) + tcp->doff * 4;
	__u32 len = p->l3_len > headers ? p->l3_len - headers : 0;

	return len + !!(p->tcp_flags & TCP_SYN) + !!(p->tcp_flags & TCP_FIN);
}

/* Turns the segment into its reset; IP options and extension headers are dropped with the payload. */
static __always_inline int reject_tcp(struct xdp_md *ctx, const struct pkt *p, const enum af af)
{
	const __u32 l3_size = af == AF4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	struct tcphdr *tcp = p->l4, *out = p->l3 + l3_size;
	__be32 saddr[4], daddr[4], seq = 0, ack = 0;
	__u16 flags = TCP_RST;

	addr_copy(saddr, pkt_saddr(p, af), af);
	addr_copy(daddr, pkt_daddr(p, af), af);
	if ((void *)(out + 1) > p->end || (void *)(tcp + 1) > p->end)
		return -SP_DROP_REWRITE;
	if (p->tcp_flags & TCP_ACK) {
		seq = tcp->ack_seq;
	} else {
		ack = bpf_htonl(bpf_ntohl(tcp->seq) + segment_len(p, tcp));
		flags |= TCP_ACK;
	}
	ip_write(p->l3, daddr, saddr, IPPROTO_TCP, sizeof(*out), af);
	__builtin_memset(out, 0, sizeof(*out));
	out->source = p->dport;
	out->dest = p->sport;
	out->seq = seq;
	out->ack_seq = ack;
	((__be16 *)out)[6] = bpf_htons((sizeof(*out) / 4) << 12 | flags);
	out->check =
	    (__u16)~csum_fold(csum_words(csum_pseudo(saddr, daddr, IPPROTO_TCP, sizeof(*out), af), out, sizeof(*out)));
	swap_macs(p->eth);
	if (bpf_xdp_adjust_tail(ctx, (int)(p->l3_off + l3_size + sizeof(*out)) - (int)p->len))
		return -SP_DROP_REWRITE;
	return XDP_TX;
}

static __always_inline int reject(struct xdp_md *ctx, const struct pkt *p, const enum af af)
{
	return p->proto == IPPROTO_TCP ? reject_tcp(ctx, p, af) : reject_udp(ctx, p, af);
}

/* Drops and rejects, as an XDP action. Parses anew: a stage may have moved the packet. */
static __always_inline int xdp_refuse(struct xdp_md *ctx, __u32 reason, const enum af af)
{
	struct pkt p = {};
	int ret;

	parse_ethernet((void *)(long)ctx->data, (void *)(long)ctx->data_end, &p);
	if (!p.l3 || parse_ip(&p, af))
		return XDP_DROP;
	if (sp_cfg_events)
		event_emit(&p, reason, ctx->ingress_ifindex, af);
	if (reason >= SP_REASON_DROP_FIRST)
		return XDP_DROP;
	ret = reject(ctx, &p, af);
	if (ret >= 0)
		return ret;
	count(-ret, p.len);
	return XDP_DROP;
}

__noinline int sp_xdp_refuse4(struct xdp_md *ctx, __u32 reason)
{
	return xdp_refuse(ctx, reason, AF4);
}

__noinline int sp_xdp_refuse6(struct xdp_md *ctx, __u32 reason)
{
	return xdp_refuse(ctx, reason, AF6);
}

#endif
