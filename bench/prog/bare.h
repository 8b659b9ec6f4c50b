/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Values of the yardstick's tables (bare.bpf.c); the keys are those of the flow tables. */
#ifndef SP_BENCH_PROG_BARE_H
#define SP_BENCH_PROG_BARE_H

#include <linux/types.h>

struct bare4_val {
  __be32 saddr;
  __be32 daddr;
  __be16 sport;
  __be16 dport;
  __u16 l3_delta;
  __u16 l4_delta;
  /* Both addresses of the Ethernet header, as words: bytes would be copied one by one. */
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

#endif
