/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the generator of bench_node is told, and what the far side has seen. Shared by BPF and C++.
 *
 * Flow i of a stream: client first_client + i / CLIENT_PORTS, its port FIRST_CLIENT_PORT + i % CLIENT_PORTS, to port
 * first_port + i % (port_mask + 1), at address i % (host_mask + 1) behind that of the head. The sequence number names
 * the flow, so that the far side knows it under any translation.
 */
#ifndef SP_BENCH_NODE_STREAM_H
#define SP_BENCH_NODE_STREAM_H

#include <linux/types.h>

/* Ethernet without its frame check sequence. */
#define FRAME_BYTES 60
/* Link, IPv4 and TCP header are 54 bytes. They are written in words of eight. */
#define HEAD_BYTES 56

#define CLIENT_PORT_BITS 14
#define CLIENT_PORTS (1u << CLIENT_PORT_BITS)
#define FIRST_CLIENT_PORT 10000
/* 198.18.0.0/16, for benchmarks (RFC 2544) */
#define FIRST_CLIENT 0xc6120000u
#define BACKEND_PORT 8080
#define MAX_FLOWS 1048576u
/* Of the yardstick of local roads. */
#define MAX_LOCAL_FLOWS 131072u

enum leave {
  /* The frame ends here: what the generator costs by itself. */
  LEAVE_DROP,
  /* The program under test runs at once, as it would in the driver. */
  LEAVE_TO_PROGRAM,
  /* Up the stack of the node, as an skb of the ingress device. */
  LEAVE_TO_STACK,
};

struct stream {
  /* The start of every frame; what differs from flow to flow is zero in it, checksums too. */
  __u8 head[HEAD_BYTES];
  /* One's complement sums of what does not differ, as csum_fold() in bpf/csum.h takes them. */
  __u32 l3_sum;
  __u32 l4_sum;
  /* Flow of the next packet; by `step` from one to the next, around at `flows`. */
  __u32 position;
  __u32 step;
  __u32 flows;
  __u32 first_port;
  __u32 port_mask;
  __u32 host_mask;
  /* Added to the flow's number: what the client has sent before. */
  __u32 sent;
  /* enum leave */
  __u32 leave;
};

/* What became of a flow's request: where its reply goes. */
struct translated {
  __be32 saddr;
  __be32 daddr;
  __be16 sport;
  __u16 pad;
};

/* What reached the far side. Frames of others do not count. */
struct seen {
  /* To the port of the backends. */
  __u64 requests;
  /* To the range of the clients. */
  __u64 answers;
  /* Of either, with a wrong checksum. Looked at while `inspects` is set. */
  __u64 broken;
  __u64 inspects;
};

#endif
