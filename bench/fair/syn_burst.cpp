// SPDX-License-Identifier: Apache-2.0
// BPF_PROG_TEST_RUN with one repeat a frame, so that each is a new flow and its outcome can be read.
#include "bench/fair/syn_burst.h"

#include <linux/bpf.h>

#include <atomic>
#include <stdexcept>

#include "bench/fair/every_cpu.h"
#include "tests/harness/testbed.h"

namespace sp::bench {

namespace {

using test::Bytes;
using test::Packet;
using test::Testbed;

constexpr std::uint16_t kNodePort = 30000;
constexpr std::uint16_t kFirstPodPort = 8000;
constexpr std::uint16_t kFirstClientPort = 1024;
// Ethernet, IPv4 without options, source port.
constexpr std::size_t kDestinationPort = 14 + 20 + 2;

void expose(Testbed& bed, const test::Plan& at, std::size_t backends) {
  std::vector<std::pair<Ip, std::uint16_t>> pods;
  for (std::size_t i = 0; i < backends; ++i)
    pods.emplace_back(at.remote_pod, static_cast<std::uint16_t>(kFirstPodPort + i));
  bed.clear();
  bed.add_frontend(at.node, kNodePort, Protocol::tcp, bed.add_service(pods), SP_FRONTEND_NODE_ADDR);
}

// Made before the burst, so that CPUs spend it in the program and not here.
std::vector<Bytes> syns(const test::Plan& at, std::size_t flows) {
  std::vector<Bytes> frames;
  Packet syn;
  syn.src = at.client;
  syn.dst = at.node;
  syn.dport = kNodePort;
  syn.flags = test::kSyn;
  for (std::size_t i = 0; i < flows; ++i) {
    syn.sport = static_cast<std::uint16_t>(kFirstClientPort + i);
    frames.push_back(syn.bytes());
  }
  return frames;
}

}  // namespace

Tally burst_of_syns(const std::vector<int>& cpus, std::size_t backends, std::size_t flows) {
  Testbed& bed = test::testbed();
  const test::Plan at = test::plan(Family::v4);
  expose(bed, at, backends);
  const std::vector<Bytes> frames = syns(at, flows);
  std::vector<std::atomic<std::uint32_t>> counts(backends);
  on_every_cpu(cpus, flows, [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      const test::Outcome out = bed.xdp(frames[i]);
      if (out.action != XDP_TX) throw std::runtime_error("a SYN was not sent on to a backend");
      const unsigned port = out.frame.at(kDestinationPort) << 8 | out.frame.at(kDestinationPort + 1);
      counts.at(port - kFirstPodPort)++;
    }
  });
  return {counts.begin(), counts.end()};
}

}  // namespace sp::bench
