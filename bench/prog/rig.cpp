// SPDX-License-Identifier: Apache-2.0
// Loading and timing over BPF_PROG_TEST_RUN.
//
// The kernel tells the mean of a test run in whole nanoseconds, which is 3 % of a fast program; the clock of the thread
// is read around the system call instead. The call itself is in the figure as it is in that of noop.
#include "bench/prog/rig.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>

#include <sched.h>

#include <cstring>
#include <ctime>
#include <stdexcept>
#include <string>

#include "bench/scheduled.h"

namespace sp::bench {

namespace {

// Room for an ICMP answer.
constexpr std::size_t kGrowth = 256;

double thread_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Flows are inserted and measured on one CPU: maps keep their free elements by CPU.
void stay_here() {
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &here);
  if (::sched_setaffinity(0, sizeof here, &here) != 0) throw std::runtime_error("sched_setaffinity");
}

void must(int ret, const std::string& what) {
  if (ret < 0) throw std::runtime_error(what + ": " + std::strerror(-ret));
}

void size_flows(bpf_map* map, Family family, std::uint32_t entries) {
  const std::string name = bpf_map__name(map);
  const bool v4 = family == Family::v4;
  if (name == (v4 ? "sp_flows4" : "sp_flows6")) bpf_map__set_max_entries(map, entries);
  if (name == (v4 ? "sp_flows6" : "sp_flows4")) bpf_map__set_max_entries(map, 1);
}

}  // namespace

Rig::Rig(Family family, std::uint32_t flow_entries)
    : family_(family), bed_([=](bpf_map* map) { size_flows(map, family, flow_entries); }) {
  stay_here();
  bed_.sandbox().run("ip route add 100.64.0.0/10 via 192.0.2.254");
  yardstick_.reset(yardstick_bpf::open());
  if (yardstick_ == nullptr) throw std::runtime_error("yardstick: open");
  bpf_map__set_max_entries(family == Family::v4 ? yardstick_->maps.bare_flows4 : yardstick_->maps.bare_flows6,
                           flow_entries);
  const test::Plan at = test::plan(family);
  std::memcpy(const_cast<__be32*>(yardstick_->rodata->bare_backend), &at.remote_pod.raw(), sizeof(sp_addr));
  std::memcpy(const_cast<__be32*>(yardstick_->rodata->bare_source), &at.node.raw(), sizeof(sp_addr));
  must(yardstick_bpf::load(yardstick_.get()), "yardstick: load");
  arm(REPLAY_NOOP, yardstick_->progs.noop);
  arm(REPLAY_BARE, bare());
  arm(REPLAY_BARE_OPEN, family == Family::v4 ? yardstick_->progs.bare_open4 : yardstick_->progs.bare_open6);
  arm(REPLAY_OURS, ours());
  keep_dispatched();
}

// A test run enters its program into the kernel's dispatcher of XDP programs and takes it out again, and each time
// waits for all CPUs (bpf_dispatcher_change_prog). One that a device has is there already.
void Rig::keep_dispatched() {
  const std::string family = family_ == Family::v4 ? "4_" : "6_";
  bpf_program* program = nullptr;
  int devices = 0;
  bpf_object__for_each_program(program, yardstick_->obj) {
    const std::string name = bpf_program__name(program);
    if (!name.starts_with("replay_") || name.find(family) == std::string::npos) continue;
    const std::string device = "idle" + std::to_string(devices++);
    bed_.sandbox().run("ip link add " + device + " type veth peer name " + device + "p");
    const auto ifindex = static_cast<int>(::if_nametoindex(device.c_str()));
    must(bpf_xdp_attach(ifindex, bpf_program__fd(program), XDP_FLAGS_SKB_MODE, nullptr), device);
  }
}

Ip Rig::clients() const {
  return *Ip::parse(family_ == Family::v4 ? "100.64.0.0" : "2001:db8:c::");
}

Replayer Rig::replayer(Protocol protocol, replay_slot slot, bool answered) const {
  const std::string name = std::string("replay_") + (answered && protocol == Protocol::udp ? "answered_" : "") +
                           (protocol == Protocol::tcp ? "tcp" : "udp") + (family_ == Family::v4 ? "4" : "6");
  const auto program = [&](const char* suffix) {
    return bpf_object__find_program_by_name(yardstick_->obj, (name + suffix).c_str());
  };
  constexpr const char* kSuffixes[REPLAY_SLOTS] = {"_noop", "_bare", "_bare_open", "_ours"};
  return {program("_noop"), program(kSuffixes[slot])};
}

bpf_program* Rig::bare() const {
  return family_ == Family::v4 ? yardstick_->progs.bare4 : yardstick_->progs.bare6;
}

void Rig::arm(replay_slot slot, const bpf_program* program) {
  const __u32 index = slot;
  const int fd = bpf_program__fd(program);
  must(bpf_map_update_elem(bpf_map__fd(yardstick_->maps.under_test), &index, &fd, BPF_ANY), "under_test");
}

void Rig::put(const replay& row) {
  const __u32 zero = 0;
  must(bpf_map_update_elem(bpf_map__fd(yardstick_->maps.replayed), &zero, &row, BPF_ANY), "replayed");
}

std::uint32_t Rig::run(bpf_program* replayer, replay& row, std::uint32_t packets, test::Bytes& out) {
  const bool v4 = family_ == Family::v4;
  const bool tcp = row.frame[v4 ? 23 : 20] == SP_PROTO_TCP;
  xdp_md ctx{};
  ctx.data_end = 14u + (v4 ? 20 : 40) + (tcp ? 20 : 8);
  ctx.ingress_ifindex = bed_.ext0();
  LIBBPF_OPTS(bpf_test_run_opts, opts);
  opts.data_in = row.frame;
  opts.data_size_in = ctx.data_end;
  opts.data_out = out.data();
  opts.data_size_out = static_cast<__u32>(out.size());
  opts.ctx_in = &ctx;
  opts.ctx_size_in = sizeof ctx;
  opts.repeat = static_cast<int>(packets);
  must(bpf_prog_test_run_opts(bpf_program__fd(replayer), &opts), "BPF_PROG_TEST_RUN");
  out.resize(opts.data_size_out);
  return opts.retval;
}

test::Outcome Rig::once(bpf_program* replayer, replay& row) {
  put(row);
  test::Outcome outcome;
  outcome.frame.resize(sizeof row.frame + kGrowth);
  outcome.action = run(replayer, row, 1, outcome.frame);
  row.index = row.index + 1 < row.count ? row.index + 1 : 0;
  return outcome;
}

double Rig::time(bpf_program* replayer, replay& row, std::uint32_t packets, std::uint32_t action) {
  put(row);
  test::Bytes out(sizeof row.frame + kGrowth);
  double spent = 0;
  std::uint32_t left_by = 0;
  {
    // This thread gives way to nobody but the kernel.
    const Scheduled undisturbed(SCHED_FIFO, 1);
    spent = -thread_ns();
    left_by = run(replayer, row, packets, out);
    spent += thread_ns();
  }
  if (left_by != action)
    throw std::runtime_error(std::string(bpf_program__name(replayer)) + ": action " + std::to_string(left_by) +
                             " where " + std::to_string(action) + " was expected");
  const __u32 zero = 0;
  must(bpf_map_lookup_elem(bpf_map__fd(yardstick_->maps.replayed), &zero, &row), "replayed");
  return spent / packets;
}

}  // namespace sp::bench
