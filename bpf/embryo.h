/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Embryos: pairs not yet proven two-way, in an LRU table, and their promotion to the flow table.
 *
 * TCP is proven by a client's ACK for the sequence number of the backend's SYN-ACK plus one, which a spoofed client has
 * never seen; UDP by the first reply (I4).
 */
#ifndef SP_BPF_EMBRYO_H
#define SP_BPF_EMBRYO_H

#include "bpf/flow.h"
#include "bpf/parse.h"

struct handshake {
	__u32 synack_seq;
	__u32 synack_seen;
};

static __always_inline struct handshake *val_handshake(void *embryo, const enum af af)
{
	return af == AF4 ? (struct handshake *)&((struct sp_embryo4_val *)embryo)->synack_seq
			 : (struct handshake *)&((struct sp_embryo6_val *)embryo)->synack_seq;
}

/*
 * Copies an embryo out of the LRU, which may give its element to another flow at any moment, on another CPU, under our
 * hands. 1 when the copy is whole: the element still stood for the key after all of it had been read.
 */
static __always_inline int embryo_snapshot(void *copy, struct flow_key *key, void *embryo, const enum af af)
{
	__builtin_memcpy(copy, embryo, af == AF4 ? sizeof(struct sp_embryo4_val) : sizeof(struct sp_embryo6_val));
	return bpf_map_lookup_elem(embryo_table(af), key) == embryo;
}

/* Moves the pair of scratch->request to the flow table. When that is full the pair stays what it is (I12). */
static __always_inline void pair_promote(struct scratch *scratch, struct flow_key *key, const struct pkt *p,
					 const enum af af)
{
	struct flow_key *partner_key = scratch_reply_key(scratch);
	void *partner;

	key_of_partner(partner_key, &scratch->request, p->proto, af);
	partner = bpf_map_lookup_elem(embryo_table(af), partner_key);
	if (!partner || !embryo_snapshot(&scratch->reply, partner_key, partner, af) ||
	    !val_mirrors_key(&scratch->reply, key, af))
		return;
	if (bpf_map_update_elem(flow_table(af), key, &scratch->request, BPF_NOEXIST)) {
		if (!bpf_map_lookup_elem(flow_table(af), key))
			count(SP_NOTE_FLOWS_FULL, p->len);
		return;
	}
	if (bpf_map_update_elem(flow_table(af), partner_key, &scratch->reply, BPF_NOEXIST)) {
		bpf_map_delete_elem(flow_table(af), key);
		count(SP_NOTE_FLOWS_FULL, p->len);
		return;
	}
	/* Flow first, embryo last: whoever claims a source port looks at both tables in the other order (pair.h). */
	bpf_map_delete_elem(embryo_table(af), key);
	bpf_map_delete_elem(embryo_table(af), partner_key);
	count(SP_NOTE_FLOW_PROMOTED, p->len);
}

/* A reply of the embryo in scratch->request: TCP notes the SYN-ACK in the request half, UDP is proven. */
static __always_inline void embryo_reply(struct scratch *scratch, struct flow_key *key, const struct pkt *p,
					 const enum af af)
{
	struct flow_key *request_key = scratch_reply_key(scratch);
	struct tcphdr *tcp = pkt_tcp(p);
	struct handshake *handshake;
	void *request;

	if (p->proto == IPPROTO_UDP) {
		pair_promote(scratch, key, p, af);
		return;
	}
	if (!tcp || (p->tcp_flags & (TCP_SYN | TCP_ACK)) != (TCP_SYN | TCP_ACK))
		return;
	key_of_partner(request_key, &scratch->request, IPPROTO_TCP, af);
	request = bpf_map_lookup_elem(embryo_table(af), request_key);
	if (!request || !val_mirrors_key(request, key, af))
		return;
	handshake = val_handshake(request, af);
	handshake->synack_seq = bpf_ntohl(tcp->seq);
	handshake->synack_seen = 1;
}

#endif
