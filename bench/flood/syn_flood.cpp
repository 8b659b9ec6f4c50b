// SPDX-License-Identifier: Apache-2.0
#include "bench/flood/syn_flood.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "bench/rivals/cpu_scope.h"
#include "loader/util/ip.h"
#include "tests/harness/netns.h"

namespace sp::bench {

namespace {

// As many as a driver takes from its ring in one go.
constexpr std::uint32_t kBatch = 64;
// Of one system call. Each patches the kernel's dispatcher of XDP programs and waits for all CPUs.
constexpr std::uint32_t kFrames = 16384;
constexpr std::array<std::uint8_t, ETH_ALEN> kRouterMac{0x02, 0, 0, 0, 0, 0xfe};

// One's complement sum of the words, as they are in memory.
std::uint32_t sum_of(const void* at, std::size_t bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes; i += 2) {
    std::uint16_t word = 0;
    std::memcpy(&word, static_cast<const char*>(at) + i, 2);
    sum += word;
  }
  return sum;
}

syn_shape shape_of(const std::uint8_t* mac, __be32 to, std::uint16_t port) {
  syn_shape shape{};
  ethhdr eth{};
  std::memcpy(eth.h_dest, mac, ETH_ALEN);
  std::memcpy(eth.h_source, kRouterMac.data(), ETH_ALEN);
  eth.h_proto = htons(ETH_P_IP);
  iphdr ip{};
  ip.version = 4;
  ip.ihl = 5;
  ip.tot_len = htons(sizeof(iphdr) + sizeof(tcphdr));
  ip.ttl = 64;
  ip.protocol = IPPROTO_TCP;
  ip.daddr = to;
  tcphdr tcp{};
  tcp.dest = htons(port);
  tcp.doff = sizeof tcp / 4;
  tcp.syn = 1;
  tcp.window = htons(64240);
  std::memcpy(shape.head, &eth, sizeof eth);
  std::memcpy(shape.head + sizeof eth, &ip, sizeof ip);
  std::memcpy(shape.head + sizeof eth + sizeof ip, &tcp, sizeof tcp);
  shape.l3_sum = sum_of(&ip, sizeof ip);
  shape.l4_sum = sum_of(&tcp, sizeof tcp) + sum_of(&to, sizeof to) + htons(sizeof tcp) + htons(IPPROTO_TCP);
  return shape;
}

}  // namespace

Result<std::unique_ptr<SynFlood>> SynFlood::start(const FloodPlan& plan) {
  std::unique_ptr<SynFlood> flood(new SynFlood(plan));
  if (!flood->bpf_) return Error{0, "the flood's BPF object does not load: run as root, on Linux 5.18 or later"};
  SP_TRY_ASSIGN(inside, test::NetnsScope::enter(plan.node.netns));
  SP_TRY(flood->aim());
  flood->thread_ = std::thread([raw = flood.get()] { raw->send(); });
  return flood;
}

SynFlood::~SynFlood() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

// In the node's namespace.
Result<void> SynFlood::aim() {
  ifindex_ = ::if_nametoindex("eth0");
  ifreq request{};
  std::strcpy(request.ifr_name, "eth0");
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (ifindex_ == 0 || ::ioctl(socket.get(), SIOCGIFHWADDR, &request) != 0) {
    return errno_error(errno, "eth0 of " + plan_.node.name);
  }
  SP_TRY_ASSIGN(address, test::SocketAddress::from({plan_.node.ip4, plan_.port}));
  const auto* to = reinterpret_cast<const sockaddr_in*>(address.raw());
  bpf_->bss->shape =
      shape_of(reinterpret_cast<const std::uint8_t*>(request.ifr_hwaddr.sa_data), to->sin_addr.s_addr, plan_.port);
  return plan_.runs_program ? take_program() : Result<void>();
}

// What the device runs is what the frames meet.
Result<void> SynFlood::take_program() {
  __u32 id = 0;
  int err = bpf_xdp_query_id(static_cast<int>(ifindex_), 0, &id);
  if (err != 0 || id == 0) return errno_error(-err, "eth0 of " + plan_.node.name + ": no XDP program");
  const Fd program(bpf_prog_get_fd_by_id(id));
  const __u32 zero = 0;
  const int fd = program.get();
  err = program.valid() ? bpf_map_update_elem(bpf_map__fd(bpf_->maps.under_test), &zero, &fd, BPF_ANY) : -errno;
  if (err != 0) return errno_error(-err, "XDP program of eth0 of " + plan_.node.name);
  bpf_->bss->shape.has_program = 1;
  return {};
}

void SynFlood::send() {
  const CpuScope here(plan_.cpu);
  std::array<std::uint8_t, SYN_FRAME_BYTES> frame{};
  xdp_md context{};
  context.data_end = SYN_FRAME_BYTES;
  context.ingress_ifindex = ifindex_;
  LIBBPF_OPTS(bpf_test_run_opts, options);
  options.data_in = frame.data();
  options.data_size_in = frame.size();
  options.ctx_in = &context;
  options.ctx_size_in = sizeof context;
  options.repeat = kFrames;
  options.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
  options.batch_size = kBatch;
  // The device is looked up in the namespace of the caller.
  const auto inside = test::NetnsScope::enter(plan_.node.netns);
  if (!inside) {
    error_ = inside.error().err;
    return;
  }
  while (!stopping_ && error_ == 0) {
    const int err = -bpf_prog_test_run_opts(bpf_program__fd(bpf_->progs.spoofed_syn), &options);
    if (err == 0) sent_ += kFrames;
    if (err != EINTR) error_ = err;
  }
}

Result<std::uint64_t> SynFlood::sent() const {
  if (error_ != 0) return errno_error(error_, "BPF_PROG_TEST_RUN with live frames in " + plan_.node.netns);
  return sent_.load();
}

}  // namespace sp::bench
