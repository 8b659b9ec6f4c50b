/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What a yardstick program writes into a packet. Shared by BPF and C++. */
#ifndef SP_BENCH_NODE_BARE_H
#define SP_BENCH_NODE_BARE_H

#include <linux/types.h>

struct bare_rule {
  __be32 saddr;
  __be32 daddr;
  __be16 sport;
  __be16 dport;
  /* What the new words add to the checksums, the hop included: as csum_apply() in bpf/csum.h takes it. */
  __u16 l3_delta;
  __u16 l4_delta;
  /* Destination, source. As words: bytes would be copied one by one. */
  __u32 macs[3];
};

#endif
