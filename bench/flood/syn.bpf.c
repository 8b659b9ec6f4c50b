// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The flood of bench_flood: each run makes one SYN of a client that nobody has seen before.
 *
 * Run with BPF_F_TEST_XDP_LIVE_FRAMES at a node's external device, so that a frame is in the node as if a queue of its
 * NIC had brought it.
 */
#include "bench/flood/syn.h"
#include "bpf/tuple.h"

struct syn_shape shape;

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} under_test SEC(".maps");

SEC("xdp")
int spoofed_syn(struct xdp_md* ctx) {
  void *data = (void*)(long)ctx->data, *end = (void*)(long)ctx->data_end;
  struct iphdr* ip = data + sizeof(struct ethhdr);
  struct tcphdr* tcp = (void*)(ip + 1);
  const __u64* from = (const __u64*)shape.head;
  __u32 random = bpf_get_prandom_u32();
  __u32 addr;

  if (data + SYN_FRAME_BYTES > end) return XDP_ABORTED;
#pragma clang loop unroll(full)
  for (int i = 0; i < SYN_HEAD_BYTES / 8; ++i) ((__u64*)data)[i] = from[i];
  /* 11.0.0.0 to 74.255.255.255: unicast, and nobody's in the lab. */
  ip->saddr = bpf_htonl((11u << 24) + (random & 0x3fffffff));
  tcp->source = bpf_htons(1024 + (bpf_get_prandom_u32() & 0x7fff));
  tcp->seq = bpf_get_prandom_u32();
  addr = csum_add32(0, ip->saddr);
  ip->check = (__u16)~csum_fold(shape.l3_sum + addr);
  tcp->check = (__u16)~csum_fold(csum_add32(shape.l4_sum + addr + tcp->source, tcp->seq));
  if (!shape.has_program) return XDP_PASS;
  bpf_tail_call(ctx, &under_test, 0);
  return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "GPL";
