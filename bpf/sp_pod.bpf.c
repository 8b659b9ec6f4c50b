// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * tc on the devices of the node that Pods are behind: for clients that no socket hook sees (a kernel of their own, raw
 * packets, forwarded traffic) and for frontends that are told by packets (SP_FRONTEND_PACKETS).
 *
 * Ingress: what a Pod sends to a frontend goes to a backend. Egress: replies to it get their frontend's address back.
 */
#include "bpf/translate_skb.h"

SEC("tc")
int sp_pod_ingress(struct __sk_buff *skb)
{
	return skb_run(skb, HOOK_POD);
}

SEC("tc")
int sp_pod_egress(struct __sk_buff *skb)
{
	return skb_run(skb, HOOK_EGRESS);
}

char LICENSE[] SEC("license") = "GPL";
