/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Maps and includes that the BPF programs of bench_node share. Weak: one copy remains when they are linked. */
#ifndef SP_BENCH_NODE_FAR_SIDE_H
#define SP_BENCH_NODE_FAR_SIDE_H

#include "bench/node/stream.h"
#include "bpf/tuple.h"

/* By flow, written by the far side while it inspects. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, MAX_FLOWS);
  __type(key, __u32);
  __type(value, struct translated);
} learned __weak SEC(".maps");

#endif
