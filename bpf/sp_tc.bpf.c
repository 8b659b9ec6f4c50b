// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bpf/maps.bpf.h"

SEC("tc") int sp_tc_ingress(struct __sk_buff *skb) { (void)skb; return 0; }
SEC("tc") int sp_tc_egress(struct __sk_buff *skb) { (void)skb; return 0; }
char LICENSE[] SEC("license") = "Dual BSD/GPL";
