/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What replay.bpf.c puts into the frame before each run: one packet of a numbered sequence whose packets differ in the
 * last word of their source address and in one port.
 */
#ifndef SP_BENCH_PROG_REPLAY_H
#define SP_BENCH_PROG_REPLAY_H

#include <linux/types.h>

/*
 * Slots of the table of programs under test. Each has replaying programs of its own, so that the table is never written
 * while measuring: the kernel waits for all CPUs when it is.
 */
enum replay_slot { REPLAY_NOOP, REPLAY_BARE, REPLAY_BARE_OPEN, REPLAY_OURS, REPLAY_SLOTS };

/* Ethernet, IPv6, TCP: the longest of the frames; none has a payload. */
#define REPLAY_FRAME_BYTES 80

struct replay {
  /* All that stays the same; zero where the moving word, the moving port and the checksums are. */
  __u8 frame[REPLAY_FRAME_BYTES];
  /* The packet that comes next; 0 follows count - 1. */
  __u32 index;
  __u32 count;
  /* Packet i has first_addr + (i & mask) and first_port + (i >> shift); host byte order. */
  __u32 first_addr;
  __u32 first_port;
  __u32 mask;
  __u32 shift;
  /* Where in the little-endian word of both ports the moving one is: 0 = source, 16 = destination. */
  __u32 port_shift;
  /* One's complement sums of what stays the same. */
  __u16 l3_sum;
  __u16 l4_sum;
};

#endif
