/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What a flood of SYNs has in common. Shared by BPF and C++. */
#ifndef SP_BENCH_FLOOD_SYN_H
#define SP_BENCH_FLOOD_SYN_H

#include <linux/types.h>

/* Ethernet without its frame check sequence. */
#define SYN_FRAME_BYTES 60
/* Link, IPv4 and TCP header are 54 bytes. They are written in words of eight. */
#define SYN_HEAD_BYTES 56

struct syn_shape {
  /* The start of every frame; source address, source port, sequence number and checksums are zero in it. */
  __u8 head[SYN_HEAD_BYTES];
  /* One's complement sums of it, of TCP with its pseudo-header. */
  __u32 l3_sum;
  __u32 l4_sum;
  /* Whether the program under test runs at once, as it would in the driver; else the stack gets the frame. */
  __u32 has_program;
};

#endif
