// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * tc on external devices.
 *
 * Egress: replies of local backends get their frontend's address back; what a process of the node sends to a frontend
 * goes to a backend. Ingress: packets that XDP has translated and that lack a neighbour leave through
 * bpf_redirect_neigh(); those for Pods here may go to them by bpf_redirect_peer().
 */
#include "bpf/meta.h"
#include "bpf/translate_skb.h"

SEC("tc")
int sp_tc_egress(struct __sk_buff *skb)
{
	return skb_run(skb, HOOK_EGRESS);
}

SEC("tc")
int sp_tc_ingress(struct __sk_buff *skb)
{
	int handed = sp_cfg_local_delivery ? peer_enter(skb) : 0;
	__u32 ifindex;

	if (handed)
		return handed;
	ifindex = neigh_enter(skb);
	return ifindex ? skb_send(skb, 0, ifindex) : TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";
