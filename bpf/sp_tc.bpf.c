// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * tc on external devices.
 *
 * Egress: replies of local backends get their frontend's address back. One hash lookup for an established reply.
 * Ingress: packets that XDP has translated and that lack a neighbour leave through bpf_redirect_neigh().
 */
#include "bpf/embryo.h"
#include "bpf/meta.h"
#include "bpf/parse.h"
#include "bpf/rewrite_skb.h"

#define TC_ACT_OK   0
#define TC_ACT_SHOT 2

/* Bytes that must be linear for the headers of any packet that we translate. */
#define HEADERS_MAX 128

/* The rule of a reply, from either table; NULL when the packet is not a reply of a local backend. */
static __always_inline void *reply_find(const struct pkt *p, const enum af af)
{
	struct scratch *scratch;
	struct flow_key key;
	void *val;

	key_from_pkt(&key, p, af);
	val = bpf_map_lookup_elem(flow_table(af), &key);
	if (val) {
		if (!(val_rule(val, af)->flags & SP_FLOW_EGRESS) || flow_advance(flow_table(af), &key, val, p, af))
			return NULL;
		return val;
	}
	scratch = scratch_row();
	val = bpf_map_lookup_elem(embryo_table(af), &key);
	if (!scratch || !val || !(val_rule(val, af)->flags & SP_FLOW_EGRESS))
		return NULL;
	if (flow_advance(embryo_table(af), &key, val, p, af) || !embryo_snapshot(&scratch->request, &key, val, af))
		return NULL;
	embryo_reply(scratch, &key, p, af);
	return &scratch->request;
}

static __always_inline int tc_translate(struct __sk_buff *skb, struct pkt *p, const enum af af)
{
	struct sp_flow_rule *rule;
	void *val;
	int ret;

	ret = parse_ip(p, af);
	if (ret)
		return TC_ACT_OK;
	val = reply_find(p, af);
	if (!val)
		return TC_ACT_OK;
	rule = val_rule(val, af);
	count_service(rule->service_id, skb->len);
	ret = skb_rewrite(skb, p, val, af);
	if (!ret)
		return TC_ACT_OK;
	/* A half-written reply must not reach the client (I9). */
	count(-ret, skb->len);
	return TC_ACT_SHOT;
}

SEC("tc")
int sp_tc_egress(struct __sk_buff *skb)
{
	struct pkt p = {};

	if (skb->protocol != ETHERTYPE_IPV4 && skb->protocol != ETHERTYPE_IPV6)
		return TC_ACT_OK;
	if ((void *)(long)skb->data + HEADERS_MAX > (void *)(long)skb->data_end)
		bpf_skb_pull_data(skb, skb->len < HEADERS_MAX ? skb->len : HEADERS_MAX);
	switch (parse_ethernet((void *)(long)skb->data, (void *)(long)skb->data_end, &p)) {
	case ETHERTYPE_IPV4:
		p.len = skb->len;
		return tc_translate(skb, &p, AF4);
	case ETHERTYPE_IPV6:
		p.len = skb->len;
		return tc_translate(skb, &p, AF6);
	default:
		return TC_ACT_OK;
	}
}

SEC("tc")
int sp_tc_ingress(struct __sk_buff *skb)
{
	__u32 ifindex = neigh_enter(skb);

	if (!ifindex)
		return TC_ACT_OK;
	/* The tag belonged to the link that the packet came by. */
	if (skb->vlan_present)
		bpf_skb_vlan_pop(skb);
	return (int)bpf_redirect_neigh(ifindex, NULL, 0, 0);
}

char LICENSE[] SEC("license") = "GPL";
