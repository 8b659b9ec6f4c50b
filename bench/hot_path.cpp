// SPDX-License-Identifier: Apache-2.0
// Nanoseconds per established IPv4 TCP packet over BPF_PROG_TEST_RUN: our XDP program beside a bare one, interleaved.
//
// Both see the same frame, put back before every run by a wrapper whose own cost is measured with an empty program and
// subtracted. The figure is a program's cost with its one flow in cache, not a packet rate.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <numeric>

#include "bench.skel.h"
#include "maps/flow.h"
#include "tests/harness/testbed.h"

namespace {

using namespace sp;
using namespace sp::test;

constexpr int kRounds = 41;
constexpr int kRepeat = 200000;
constexpr std::uint16_t kNodePort = 30000;

struct BareValue {
  __be32 saddr, daddr;
  __be16 sport, dport;
  std::uint8_t macs[12];
};

Packet request(const Plan& at, std::uint8_t flags) {
  Packet packet;
  packet.src = at.client;
  packet.dst = at.node;
  packet.sport = 40000;
  packet.dport = kNodePort;
  packet.flags = flags;
  return packet;
}

// Leaves one established pair in the testbed's flow table.
void establish(Testbed& bed, const Plan& at) {
  const auto service = bed.add_service({{at.remote_pod, 8086}});
  bed.add_frontend(at.node, kNodePort, Protocol::tcp, service, SP_FRONTEND_NODE_ADDR);
  const auto out = bed.xdp(request(at, kSyn));
  Packet synack;
  synack.src = at.remote_pod;
  synack.dst = at.node;
  synack.sport = 8086;
  synack.dport = source_port(out.frame);
  synack.flags = kSyn | kAck;
  bed.xdp(synack);
  Packet ack = request(at, kAck);
  ack.ack = 1;
  bed.xdp(ack);
  if (bed.flows() != 2) throw std::runtime_error("the flow was not promoted");
}

// Mean ns of one run of `restore` + whatever is under test.
double run(int restore_fd, const Bytes& frame, std::uint32_t ifindex) {
  xdp_md ctx{};
  ctx.data_end = static_cast<__u32>(frame.size());
  ctx.ingress_ifindex = ifindex;
  LIBBPF_OPTS(bpf_test_run_opts, opts);
  opts.data_in = frame.data();
  opts.data_size_in = static_cast<__u32>(frame.size());
  opts.ctx_in = &ctx;
  opts.ctx_size_in = sizeof ctx;
  opts.repeat = kRepeat;
  if (bpf_prog_test_run_opts(restore_fd, &opts) != 0 || opts.retval != XDP_TX)
    throw std::runtime_error("test run did not transmit");
  return opts.duration;
}

void print(const char* name, std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::printf("%-22s %8.1f %8.1f %8.1f\n", name, values[values.size() / 4], values[values.size() / 2],
              values[values.size() * 3 / 4]);
}

}  // namespace

int main() {
  Testbed& bed = testbed();
  const Plan at = plan(Family::v4);
  establish(bed, at);
  bench_bpf* bare = bench_bpf::open_and_load();
  if (bare == nullptr) return 1;

  const Bytes frame = request(at, kAck).bytes();
  const __u32 zero = 0;
  bpf_map_update_elem(bpf_map__fd(bare->maps.frames), &zero, frame.data(), BPF_ANY);
  sp_flow4_key key{};
  key.saddr = at.client.raw().w[3];
  key.daddr = at.node.raw().w[3];
  key.sport = Be16::from_host(40000).raw;
  key.dport = Be16::from_host(kNodePort).raw;
  key.proto = SP_PROTO_TCP;
  const BareValue value{at.node.raw().w[3], at.remote_pod.raw().w[3], key.sport, key.dport, {}};
  bpf_map_update_elem(bpf_map__fd(bare->maps.bare_flows), &key, &value, BPF_ANY);

  const bpf_program* programs[] = {bare->progs.noop, bare->progs.bare, bed.bpf().progs.sp_xdp};
  std::vector<double> bare_ns, ours_ns, ratio;
  for (int round = 0; round < kRounds; ++round) {
    double ns[3];
    for (int i = 0; i < 3; ++i) {
      const int fd = bpf_program__fd(programs[i]);
      bpf_map_update_elem(bpf_map__fd(bare->maps.under_test), &zero, &fd, BPF_ANY);
      ns[i] = run(bpf_program__fd(bare->progs.restore), frame, bed.ext0());
    }
    bare_ns.push_back(ns[1] - ns[0]);
    ours_ns.push_back(ns[2] - ns[0]);
    ratio.push_back(ours_ns.back() / bare_ns.back());
  }
  std::printf("%-22s %8s %8s %8s   (%d rounds of %d packets)\n", "ns per packet", "q1", "median", "q3", kRounds,
              kRepeat);
  print("bare program", bare_ns);
  print("sallyport established", ours_ns);
  print("ratio", ratio);
  bench_bpf::destroy(bare);
  return 0;
}
