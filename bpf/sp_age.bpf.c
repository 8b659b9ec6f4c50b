// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bpf/maps.bpf.h"

struct bpf_iter__bpf_map_elem;
SEC("iter/bpf_map_elem") int sp_age4(struct bpf_iter__bpf_map_elem *ctx) { (void)ctx; return 0; }
SEC("iter/bpf_map_elem") int sp_age6(struct bpf_iter__bpf_map_elem *ctx) { (void)ctx; return 0; }
char LICENSE[] SEC("license") = "Dual BSD/GPL";
