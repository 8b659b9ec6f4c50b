// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The generator of bench_node: writes one frame and hands it on.
 *
 * Frames of BPF_PROG_TEST_RUN keep what the last run made of them, so each is written anew. Run with
 * BPF_F_TEST_XDP_LIVE_FRAMES at a node's ingress device; a request whose flow the stream names, or the reply to it.
 */
#include "bench/node/far_side.h"

struct stream stream;

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} under_test SEC(".maps");

static __always_inline void write_head(void* frame) {
  const __u64* from = (const __u64*)stream.head;
  __u64* to = frame;

#pragma clang loop unroll(full)
  for (int i = 0; i < HEAD_BYTES / 8; ++i) to[i] = from[i];
}

static __always_inline __u32 next_flow(void) {
  __u32 flow = stream.position;
  __u32 next = flow + stream.step;

  stream.position = next >= stream.flows ? next - stream.flows : next;
  return flow;
}

static __always_inline int leave(struct xdp_md* ctx) {
  if (stream.leave == LEAVE_DROP) return XDP_DROP;
  if (stream.leave == LEAVE_TO_STACK) return XDP_PASS;
  bpf_tail_call(ctx, &under_test, 0);
  return XDP_ABORTED;
}

SEC("xdp")
int request(struct xdp_md* ctx) {
  void *data = (void*)(long)ctx->data, *end = (void*)(long)ctx->data_end;
  struct iphdr* ip = data + sizeof(struct ethhdr);
  struct tcphdr* tcp = (void*)(ip + 1);
  __u32 flow, low, host, ports;

  if (data + FRAME_BYTES > end) return XDP_ABORTED;
  flow = next_flow();
  write_head(data);
  /* Constant and variable part of the client do not overlap: no carry. */
  low = flow >> CLIENT_PORT_BITS;
  ip->saddr = bpf_htonl(FIRST_CLIENT | low);
  low = bpf_htons(low);
  host = flow & stream.host_mask;
  ip->daddr |= bpf_htonl(host);
  low += bpf_htons(host);
  ip->check = (__u16)~csum_fold(stream.l3_sum + low);
  tcp->source = bpf_htons(FIRST_CLIENT_PORT + (flow & (CLIENT_PORTS - 1)));
  tcp->dest = bpf_htons(stream.first_port + (flow & stream.port_mask));
  tcp->seq = bpf_htonl(flow + stream.sent);
  ports = (__u32)tcp->source + tcp->dest;
  tcp->check = (__u16)~csum_fold(csum_add32(stream.l4_sum + low + ports, tcp->seq));
  return leave(ctx);
}

/* The backend's answer to what the far side has learned of the flow. */
SEC("xdp")
int reply(struct xdp_md* ctx) {
  void *data = (void*)(long)ctx->data, *end = (void*)(long)ctx->data_end;
  struct iphdr* ip = data + sizeof(struct ethhdr);
  struct tcphdr* tcp = (void*)(ip + 1);
  __u32 flow = next_flow();
  struct translated* to = bpf_map_lookup_elem(&learned, &flow);
  __u32 addrs;

  if (!to || data + FRAME_BYTES > end) return XDP_ABORTED;
  write_head(data);
  ip->saddr = to->daddr;
  ip->daddr = to->saddr;
  addrs = csum_add32(csum_add32(0, to->saddr), to->daddr);
  ip->check = (__u16)~csum_fold(stream.l3_sum + addrs);
  tcp->source = bpf_htons(BACKEND_PORT);
  tcp->dest = to->sport;
  tcp->ack_seq = bpf_htonl(flow + stream.sent);
  tcp->check = (__u16)~csum_fold(csum_add32(stream.l4_sum + addrs + tcp->source + tcp->dest, tcp->ack_seq));
  return leave(ctx);
}

char LICENSE[] SEC("license") = "GPL";
