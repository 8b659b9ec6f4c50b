/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Keys and values of the flow tables with the family folded away: one accessor for each thing that differs.
 *
 * Addresses are `__be32 *` to one word (IPv4) or four (IPv6). Pure: no helpers, no maps.
 */
#ifndef SP_BPF_TUPLE_H
#define SP_BPF_TUPLE_H

#include "bpf/csum.h"
#include "bpf/pkt.h"
#include "maps/addr.h"
#include "maps/flow.h"

/* A key of either family; only the part of `af` is ever read or written. */
struct flow_key {
	union {
		struct sp_flow4_key v4;
		struct sp_flow6_key v6;
		__u64 words[sizeof(struct sp_flow6_key) / 8];
	};
};

/* A value of either family; an embryo starts with a flow, so that one accessor serves both tables. */
struct flow_val {
	union {
		struct sp_embryo4_val v4;
		struct sp_embryo6_val v6;
	};
};

#define AF_WORDS(af) ((af) == AF4 ? 1 : 4)

static __always_inline void addr_copy(__be32 *to, const __be32 *from, const enum af af)
{
	to[0] = from[0];
	if (af == AF6) {
		to[1] = from[1];
		to[2] = from[2];
		to[3] = from[3];
	}
}

static __always_inline int addr_equal(const __be32 *a, const __be32 *b, const enum af af)
{
	if (af == AF4)
		return a[0] == b[0];
	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3];
}

/* The words of `addr` that a packet of this family carries. */
static __always_inline const __be32 *addr_words(const struct sp_addr *addr, const enum af af)
{
	return af == AF4 ? &addr->w[3] : &addr->w[0];
}

static __always_inline void addr_widen(struct sp_addr *to, const __be32 *from, const enum af af)
{
	if (af == AF4) {
		to->w[0] = 0;
		to->w[1] = 0;
		to->w[2] = bpf_htonl(SP_ADDR_V4_PREFIX);
		to->w[3] = from[0];
	} else {
		addr_copy(to->w, from, AF6);
	}
}

static __always_inline __be32 *pkt_saddr(const struct pkt *p, const enum af af)
{
	return af == AF4 ? &((struct iphdr *)p->l3)->saddr : (__be32 *)&((struct ipv6hdr *)p->l3)->saddr;
}

static __always_inline __be32 *pkt_daddr(const struct pkt *p, const enum af af)
{
	return af == AF4 ? &((struct iphdr *)p->l3)->daddr : (__be32 *)&((struct ipv6hdr *)p->l3)->daddr;
}

static __always_inline __be32 *key_saddr(struct flow_key *key, const enum af af)
{
	return af == AF4 ? &key->v4.saddr : key->v6.saddr;
}

static __always_inline __be32 *key_daddr(struct flow_key *key, const enum af af)
{
	return af == AF4 ? &key->v4.daddr : key->v6.daddr;
}

static __always_inline __be16 *key_sport(struct flow_key *key, const enum af af)
{
	return af == AF4 ? &key->v4.sport : &key->v6.sport;
}

static __always_inline __be16 *key_dport(struct flow_key *key, const enum af af)
{
	return af == AF4 ? &key->v4.dport : &key->v6.dport;
}

static __always_inline __u8 key_proto(const struct flow_key *key, const enum af af)
{
	return af == AF4 ? key->v4.proto : key->v6.proto;
}

static __always_inline void key_copy(struct flow_key *to, const struct flow_key *from, const enum af af)
{
	if (af == AF4)
		to->v4 = from->v4;
	else
		to->v6 = from->v6;
}

/* Ports and protocol, and the padding that is hashed with them. */
static __always_inline void key_set_l4(struct flow_key *key, __be16 sport, __be16 dport, __u8 proto, const enum af af)
{
	if (af == AF4) {
		key->v4.sport = sport;
		key->v4.dport = dport;
		*(__u32 *)&key->v4.proto = 0;
		key->v4.proto = proto;
	} else {
		key->v6.sport = sport;
		key->v6.dport = dport;
		*(__u32 *)&key->v6.proto = 0;
		key->v6.proto = proto;
	}
}

/* Ports, protocol and padding of a key as one word. */
static __always_inline __u64 key_l4_word(__be32 ports, __u8 proto)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return ports | (__u64)proto << 32;
#else
	return (__u64)ports << 32 | (__u64)proto << 24;
#endif
}

/*
 * By words of 8 bytes: both addresses stand side by side in the packet as in the key, and a key that was stored in
 * smaller pieces is not forwarded to the loads of the hash and of the comparison.
 */
static __always_inline void key_from_pkt(struct flow_key *key, const struct pkt *p, const enum af af)
{
	const __u64 *addrs = (const __u64 *)pkt_saddr(p, af);

	key->words[0] = addrs[0];
	if (af == AF6) {
		key->words[1] = addrs[1];
		key->words[2] = addrs[2];
		key->words[3] = addrs[3];
	}
	key->words[af == AF4 ? 1 : 4] = key_l4_word(p->ports, p->proto);
}

/* Source and destination, which stand side by side in packets and values: by words of 8 bytes. */
static __always_inline void addrs_write(__be32 *to, const __be32 *from, const enum af af)
{
	const __u64 *words = (const __u64 *)from;
	__u64 *out = (__u64 *)to;

	out[0] = words[0];
	if (af == AF6) {
		out[1] = words[1];
		out[2] = words[2];
		out[3] = words[3];
	}
}

/* The accessors below take a value of a flow table, of an embryo table, or a struct flow_val. */
static __always_inline __be32 *val_saddr(void *val, const enum af af)
{
	return af == AF4 ? &((struct sp_flow4_val *)val)->saddr : ((struct sp_flow6_val *)val)->saddr;
}

static __always_inline __be32 *val_daddr(void *val, const enum af af)
{
	return af == AF4 ? &((struct sp_flow4_val *)val)->daddr : ((struct sp_flow6_val *)val)->daddr;
}

static __always_inline struct sp_flow_rule *val_rule(void *val, const enum af af)
{
	return af == AF4 ? &((struct sp_flow4_val *)val)->rule : &((struct sp_flow6_val *)val)->rule;
}

/* The partner's key: what `val` makes of a packet, read backwards. */
static __always_inline void key_of_partner(struct flow_key *partner, void *val, __u8 proto, const enum af af)
{
	struct sp_flow_rule *rule = val_rule(val, af);

	addr_copy(key_saddr(partner, af), val_daddr(val, af), af);
	addr_copy(key_daddr(partner, af), val_saddr(val, af), af);
	key_set_l4(partner, rule->dport, rule->sport, proto, af);
}

/* True when a packet of `key`, translated by `val`, is what `partner` answers: they are one pair. */
static __always_inline int val_mirrors_key(void *partner, struct flow_key *key, const enum af af)
{
	struct sp_flow_rule *rule = val_rule(partner, af);

	return addr_equal(val_daddr(partner, af), key_saddr(key, af), af) &&
	       addr_equal(val_saddr(partner, af), key_daddr(key, af), af) && rule->dport == *key_sport(key, af) &&
	       rule->sport == *key_dport(key, af);
}

/* Sets both checksum deltas of a value whose addresses and ports stand. */
static __always_inline void val_set_deltas(struct flow_key *key, void *val, const enum af af)
{
	struct sp_flow_rule *rule = val_rule(val, af);
	__u32 sum = 0;
	__u16 addrs;

	/* Unrolled it would need 64 bytes more of the 512 that a chain of calls may have on 6.1. */
#pragma clang loop unroll(disable)
	for (int i = 0; i < AF_WORDS(af); i++) {
		sum = csum_add32(sum, ~key_saddr(key, af)[i]);
		sum = csum_add32(sum, ~key_daddr(key, af)[i]);
		sum = csum_add32(sum, val_saddr(val, af)[i]);
		sum = csum_add32(sum, val_daddr(val, af)[i]);
	}
	addrs = csum_fold(sum);
	sum = addrs;
	sum += (__u16) ~*key_sport(key, af);
	sum += (__u16) ~*key_dport(key, af);
	sum += rule->sport;
	sum += rule->dport;
	rule->l4_delta = csum_fold(sum);
	if (af == AF4 && rule->action != SP_ACTION_LOCAL)
		addrs = csum_fold((__u32)addrs + CSUM_TTL_DELTA);
	rule->l3_delta = addrs;
}

/*
 * The deltas of a reply from those of its request: what was added is taken away again, which in one's complement is the
 * inverse. The TTL is no part of that: each direction decrements it for itself.
 */
static __always_inline void val_mirror_deltas(void *reply, void *request, const enum af af)
{
	struct sp_flow_rule *forth = val_rule(request, af);
	struct sp_flow_rule *back = val_rule(reply, af);
	__u16 addrs = forth->l3_delta;

	back->l4_delta = ~forth->l4_delta;
	if (af == AF4 && forth->action != SP_ACTION_LOCAL)
		addrs = csum_fold((__u32)addrs + (__u16)~CSUM_TTL_DELTA);
	addrs = ~addrs;
	if (af == AF4 && back->action != SP_ACTION_LOCAL)
		addrs = csum_fold((__u32)addrs + CSUM_TTL_DELTA);
	back->l3_delta = addrs;
}

#endif
