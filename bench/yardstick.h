/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the bare programs of bench_prog and bench_node write into a packet. Shared by BPF and C++; keys are those of the
 * flow tables.
 */
#ifndef SP_BENCH_YARDSTICK_H
#define SP_BENCH_YARDSTICK_H

#include <linux/types.h>

struct bare4_val {
  __be32 saddr;
  __be32 daddr;
  __be16 sport;
  __be16 dport;
  /* What the new words add to the checksums, the hop included: as csum_apply() in bpf/csum.h takes it. */
  __u16 l3_delta;
  __u16 l4_delta;
  /* Destination and source of the Ethernet header, as words: bytes would be copied one by one. */
  __u32 macs[3];
};

struct bare6_val {
  __be32 saddr[4];
  __be32 daddr[4];
  __be16 sport;
  __be16 dport;
  __u16 l4_delta;
  __u16 pad;
  __u32 macs[3];
};

static inline __attribute__((always_inline)) void write_macs(void* eth, const __u32* macs) {
  __u32* words = (__u32*)eth;

  words[0] = macs[0];
  words[1] = macs[1];
  words[2] = macs[2];
}

#endif
