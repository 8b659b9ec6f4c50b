/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The packet as the stages see it: where its headers are and what a 5-tuple needs, read once by parse.h.
 *
 * Pure: no helpers, no maps.
 */
#ifndef SP_BPF_PKT_H
#define SP_BPF_PKT_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* Every stage takes the family as its last parameter and gets it as a literal, so that the other arm folds away. */
enum af {
	AF4 = 4,
	AF6 = 6,
};

/* Flags in byte 13 of the TCP header (RFC 9293, 3.1). */
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

struct pkt {
	void *eth;
	/* Start of the IP and of the TCP or UDP header; at least 20 (IPv4), 40 (IPv6), 20 (TCP) or 8 (UDP) bytes are
	 * there. */
	void *l3;
	void *l4;
	/* The checksum of the TCP or UDP header. A pointer, since 6.1's verifier forgets p->proto and with it the
	 * bounds. */
	__be16 *check;
	void *end;
	/* Bytes of the whole frame. */
	__u32 len;
	/* Bytes of the IP packet, from its header. */
	__u32 l3_len;
	__u16 l3_off;
	__u16 l4_off;
	union {
		struct {
			__be16 sport;
			__be16 dport;
		};
		/* Both, as they stand in the packet. */
		__be32 ports;
	};
	__u8 proto;
	__u8 tcp_flags;
	__u8 vlan_tags;
};

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

/* A single load that the compiler neither splits nor repeats. */
#define LOAD_ONCE(lvalue) (*(const volatile typeof(lvalue) *)&(lvalue))

#endif
