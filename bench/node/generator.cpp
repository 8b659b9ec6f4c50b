// SPDX-License-Identifier: Apache-2.0
#include "bench/node/generator.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_link.h>

#include <array>
#include <cstring>
#include <stdexcept>

#include "tests/harness/netns.h"

namespace sp::bench {

namespace {

// As many as a driver takes from its ring in one go.
constexpr std::uint32_t kBatch = 64;

[[noreturn]] void fail(const std::string& what, int err) {
  throw std::runtime_error(what + ": " + std::strerror(err < 0 ? -err : err));
}

}  // namespace

Generator::Generator() : bpf_(node_bpf::open_and_load()) {
  if (!bpf_) throw std::runtime_error("the generator's BPF object does not load: run as root, on Linux 5.18 or later");
}

double Generator::run(stream& what, Direction direction, const Entrance& entrance, std::uint32_t packets) {
  auto home = test::NetnsScope::enter(entrance.netns);
  if (!home) throw std::runtime_error(home.error().text());
  if (entrance.way == LEAVE_TO_PROGRAM) {
    const __u32 zero = 0;
    const int err = bpf_map_update_elem(bpf_map__fd(bpf_->maps.under_test), &zero, &entrance.program_fd, BPF_ANY);
    if (err != 0) fail("program under test", err);
  }
  what.leave = entrance.way;
  bpf_->bss->stream = what;
  const std::array<std::uint8_t, FRAME_BYTES> frame{};
  xdp_md context{};
  context.data_end = FRAME_BYTES;
  context.ingress_ifindex = entrance.ifindex;
  LIBBPF_OPTS(bpf_test_run_opts, options);
  options.data_in = frame.data();
  options.data_size_in = FRAME_BYTES;
  options.ctx_in = &context;
  options.ctx_size_in = sizeof context;
  options.repeat = static_cast<int>(packets);
  options.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
  options.batch_size = kBatch;
  const bpf_program* program = direction == Direction::request ? bpf_->progs.request : bpf_->progs.reply;
  const double start = cpu_time_.now_ns();
  const int err = bpf_prog_test_run_opts(bpf_program__fd(program), &options);
  const double end = cpu_time_.now_ns();
  if (err != 0) fail("BPF_PROG_TEST_RUN with live frames in " + entrance.netns, err);
  what.position = bpf_->bss->stream.position;
  return end - start;
}

void Generator::sink_wire(std::uint32_t ifindex) const {
  const int err =
      bpf_xdp_attach(static_cast<int>(ifindex), bpf_program__fd(bpf_->progs.sink_wire), XDP_FLAGS_DRV_MODE, nullptr);
  if (err != 0) fail("far side: attach XDP", err);
}

void Generator::sink_pod(std::uint32_t ifindex) const {
  LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = static_cast<int>(ifindex), .attach_point = BPF_TC_INGRESS);
  LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = bpf_program__fd(bpf_->progs.sink_pod));
  int err = bpf_tc_hook_create(&hook);
  if (err == 0) err = bpf_tc_attach(&hook, &options);
  if (err != 0) fail("far side: attach tc", err);
}

}  // namespace sp::bench
