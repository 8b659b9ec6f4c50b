// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * BPF_PROG_TEST_RUN runs a program again and again on what the run before left. These programs put the next packet
 * into the frame, checksums included, and go on to the program under test; noop stands in for it where their own cost
 * is measured.
 *
 * Each field is written by one store of its own width or more, so that no load of a program under test has to wait for
 * two stores to reach the cache: a frame that a network card has written would not make it wait either.
 */
#include "bench/prog/replay.h"
#include "bpf/csum.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct replay);
} replayed SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, REPLAY_SLOTS);
  __type(key, __u32);
  __type(value, __u32);
} under_test SEC(".maps");

/* The `type` at `offset` of a frame. */
#define AT(type, frame, offset) (*(type*)((void*)(frame) + (offset)))
#define COPY(type, offset) AT(type, to, offset) = AT(const type, from, offset)

struct moving {
  __be32 addr;
  __be16 port;
  __u32 sum;
};

static __always_inline struct moving next(struct replay* row) {
  __u32 index = row->index;
  struct moving moving;

  row->index = index + 1 < row->count ? index + 1 : 0;
  moving.addr = bpf_htonl(row->first_addr + (index & row->mask));
  moving.port = bpf_htons((__u16)(row->first_port + (index >> (row->shift & 31))));
  moving.sum = csum_add32(0, moving.addr);
  return moving;
}

static __always_inline void write_l3(void* to, const void* from, const struct replay* row, const struct moving* moving,
                                     const enum af af) {
  __u16 check;

  COPY(__u64, 0);
  COPY(__u32, 8);
  COPY(__u16, 12);
  COPY(__u64, 14);
  if (af == AF4) {
    check = ~csum_fold(row->l3_sum + moving->sum);
    AT(__u32, to, 22) = AT(const __u32, from, 22) | (__u32)check << 16;
    AT(__u64, to, 26) = AT(const __u64, from, 26) | moving->addr;
  } else {
    COPY(__u64, 22);
    AT(__u64, to, 30) = AT(const __u64, from, 30) | (__u64)moving->addr << 32;
    COPY(__u64, 38);
    COPY(__u64, 46);
  }
}

static __always_inline void write_l4(void* to, const void* from, const struct replay* row, const struct moving* moving,
                                     const __u32 l4, const __u8 proto) {
  __u16 check = ~csum_fold(row->l4_sum + moving->sum + moving->port);

  AT(__u32, to, l4) = AT(const __u32, from, l4) | (__u32)moving->port << (row->port_shift & 16);
  if (proto == IPPROTO_TCP) {
    COPY(__u64, l4 + 4);
    COPY(__u32, l4 + 12);
    AT(__u32, to, l4 + 16) = check;
  } else {
    AT(__u32, to, l4 + 4) = AT(const __u32, from, l4 + 4) | (__u32)(check ? check : 0xffff) << 16;
  }
}

static __always_inline int replay(struct xdp_md* ctx, const enum af af, const __u8 proto, const int regrow,
                                  const enum replay_slot slot) {
  const __u32 l4 = ETH_HLEN + (af == AF4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
  const __u32 size = l4 + (proto == IPPROTO_TCP ? sizeof(struct tcphdr) : sizeof(struct udphdr));
  __u32 zero = 0;
  struct replay* row = bpf_map_lookup_elem(&replayed, &zero);
  struct moving moving;
  void* data;

  if (!row) return XDP_ABORTED;
  /* An ICMP answer is longer at its head; noop pays for the same call. */
  if (regrow && bpf_xdp_adjust_head(ctx, (int)(ctx->data_end - ctx->data) - (int)size)) return XDP_ABORTED;
  data = (void*)(long)ctx->data;
  if (data + size > (void*)(long)ctx->data_end) return XDP_ABORTED;
  moving = next(row);
  write_l3(data, row->frame, row, &moving, af);
  write_l4(data, row->frame, row, &moving, l4, proto);
  bpf_tail_call(ctx, &under_test, slot);
  return XDP_ABORTED;
}

#define REPLAY_SLOT(name, af, proto, regrow, slot) \
  SEC("xdp") int name(struct xdp_md* ctx) {        \
    return replay(ctx, af, proto, regrow, slot);   \
  }
#define REPLAY(name, af, proto, regrow)                              \
  REPLAY_SLOT(name##_noop, af, proto, regrow, REPLAY_NOOP)           \
  REPLAY_SLOT(name##_bare, af, proto, regrow, REPLAY_BARE)           \
  REPLAY_SLOT(name##_bare_open, af, proto, regrow, REPLAY_BARE_OPEN) \
  REPLAY_SLOT(name##_ours, af, proto, regrow, REPLAY_OURS)

REPLAY(replay_tcp4, AF4, IPPROTO_TCP, 0)
REPLAY(replay_udp4, AF4, IPPROTO_UDP, 0)
REPLAY(replay_tcp6, AF6, IPPROTO_TCP, 0)
REPLAY(replay_udp6, AF6, IPPROTO_UDP, 0)
REPLAY(replay_answered_udp4, AF4, IPPROTO_UDP, 1)
REPLAY(replay_answered_udp6, AF6, IPPROTO_UDP, 1)

SEC("xdp")
int noop(struct xdp_md* ctx) {
  (void)ctx;
  return XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";
