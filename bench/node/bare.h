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
  /* Destination, source. */
  __u8 macs[12];
};

#endif
