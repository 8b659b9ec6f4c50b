// SPDX-License-Identifier: Apache-2.0
// Testbed: running the programs, and reading what they left behind.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cstring>
#include <stdexcept>

#include "maps/flow.h"
#include "testbed.h"

namespace sp::test {
namespace {

// Room for what a program may put in front of a frame (an ICMP answer).
constexpr std::size_t kGrowth = 256;

template <typename K>
std::size_t size_of(bpf_map* map) {
  K key;
  const void* last = nullptr;
  std::size_t count = 0;
  for (K next; bpf_map_get_next_key(bpf_map__fd(map), last, &next) == 0; ++count) {
    key = next;
    last = &key;
  }
  return count;
}

const std::map<std::uint32_t, std::string>& reason_names() {
  static const std::map<std::uint32_t, std::string> names = {
#define SP_REASON_NAME(symbol, number, name, text) {number, name},
      SP_REASONS(SP_REASON_NAME)
#undef SP_REASON_NAME
  };
  return names;
}

Outcome run(bpf_program* program, const Bytes& frame, bpf_test_run_opts& opts) {
  Outcome out;
  out.frame.resize(frame.size() + kGrowth);
  opts.sz = sizeof opts;
  opts.data_in = frame.data();
  opts.data_size_in = static_cast<__u32>(frame.size());
  opts.data_out = out.frame.data();
  opts.data_size_out = static_cast<__u32>(out.frame.size());
  opts.repeat = 1;
  const int ret = bpf_prog_test_run_opts(bpf_program__fd(program), &opts);
  if (ret < 0) throw std::runtime_error(std::string("BPF_PROG_TEST_RUN: ") + std::strerror(-ret));
  out.action = opts.retval;
  out.frame.resize(opts.data_size_out);
  return out;
}

void walk(bpf_program* program, bpf_map* map) {
  bpf_iter_link_info info{};
  info.map.map_fd = static_cast<__u32>(bpf_map__fd(map));
  LIBBPF_OPTS(bpf_iter_attach_opts, opts);
  opts.link_info = &info;
  opts.link_info_len = sizeof info;
  bpf_link* link = bpf_program__attach_iter(program, &opts);
  if (link == nullptr) throw std::runtime_error("attach_iter");
  const int fd = bpf_iter_create(bpf_link__fd(link));
  char buffer[256];
  while (::read(fd, buffer, sizeof buffer) > 0) {
  }
  ::close(fd);
  bpf_link__destroy(link);
}

}  // namespace

Outcome Testbed::xdp(const Bytes& frame, std::uint32_t ifindex) {
  // With a context the frame is counted in data_end, and only then may the ingress device be named.
  xdp_md ctx{};
  ctx.data_end = static_cast<__u32>(frame.size());
  ctx.ingress_ifindex = ifindex == 0 ? ext0_ : ifindex;
  bpf_test_run_opts opts{};
  opts.ctx_in = &ctx;
  opts.ctx_size_in = sizeof ctx;
  xdp_md after{};
  opts.ctx_out = &after;
  opts.ctx_size_out = sizeof after;
  Outcome out = run(bpf_->progs.sp_xdp, frame, opts);
  // Metadata comes in front of the frame; ctx.data says how much of it there is.
  out.metadata.assign(out.frame.begin(), out.frame.begin() + after.data);
  out.frame.erase(out.frame.begin(), out.frame.begin() + after.data);
  return out;
}

Outcome Testbed::xdp_with_full_metadata(const Packet& packet) {
  // The limit is 32 bytes or what fits into the headroom, depending on the kernel: the first size that it takes.
  for (std::uint32_t room = 256;; room -= 4) {
    Bytes frame(room, 0);
    append(frame, packet.bytes());
    xdp_md ctx{};
    ctx.data = room;
    ctx.data_end = static_cast<__u32>(frame.size());
    ctx.ingress_ifindex = ext0_;
    bpf_test_run_opts opts{};
    opts.ctx_in = &ctx;
    opts.ctx_size_in = sizeof ctx;
    try {
      return run(bpf_->progs.sp_xdp, frame, opts);
    } catch (const std::runtime_error&) {
      if (room == 32) throw;
    }
  }
}

Outcome Testbed::skb(bpf_program* program, const Bytes& frame, std::uint32_t ifindex, std::uint32_t gso_size) {
  __sk_buff ctx{};
  ctx.ifindex = ifindex;
  ctx.gso_size = gso_size;
  bpf_test_run_opts opts{};
  opts.ctx_in = &ctx;
  opts.ctx_size_in = sizeof ctx;
  return run(program, frame, opts);
}

Outcome Testbed::egress(const Packet& packet) {
  return skb(bpf_->progs.sp_tc_egress, packet.bytes(), ext0_);
}

Outcome Testbed::pod_ingress(const Bytes& frame, std::uint32_t gso_size) {
  return skb(bpf_->progs.sp_pod_ingress, frame, pod0_, gso_size);
}

Outcome Testbed::pod_egress(const Packet& packet) {
  return skb(bpf_->progs.sp_pod_egress, packet.bytes(), pod0_);
}

std::map<std::uint32_t, sp_counter_val> Testbed::read_counters() {
  std::map<std::uint32_t, sp_counter_val> sums;
  std::vector<sp_counter_val> cpus(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  for (const auto& [number, name] : reason_names()) {
    if (bpf_map_lookup_elem(bpf_map__fd(bpf_->maps.sp_counters), &number, cpus.data()) != 0)
      throw std::runtime_error("sp_counters");
    for (const sp_counter_val& cpu : cpus) {
      sums[number].packets += cpu.packets;
      sums[number].bytes += cpu.bytes;
    }
  }
  return sums;
}

Counts Testbed::counts() {
  Counts moved;
  const auto now = read_counters();
  for (const auto& [number, counter] : now) {
    const std::uint64_t delta = counter.packets - last_counters_[number].packets;
    if (delta != 0) moved[reason_names().at(number)] = delta;
  }
  last_counters_ = now;
  return moved;
}

std::uint64_t Testbed::service_packets(std::uint32_t id) {
  std::vector<sp_service_stats_val> cpus(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  if (bpf_map_lookup_elem(bpf_map__fd(bpf_->maps.sp_svc_stats), &id, cpus.data()) != 0)
    throw std::runtime_error("sp_svc_stats");
  std::uint64_t packets = 0;
  for (const auto& cpu : cpus) packets += cpu.packets;
  return packets;
}

std::size_t Testbed::flows() {
  return size_of<sp_flow4_key>(bpf_->maps.sp_flows4) + size_of<sp_flow6_key>(bpf_->maps.sp_flows6);
}

std::size_t Testbed::embryos() {
  return size_of<sp_flow4_key>(bpf_->maps.sp_embryos4) + size_of<sp_flow6_key>(bpf_->maps.sp_embryos6);
}

void Testbed::age() {
  walk(bpf_->progs.sp_age4, bpf_->maps.sp_flows4);
  walk(bpf_->progs.sp_age6, bpf_->maps.sp_flows6);
}

}  // namespace sp::test
