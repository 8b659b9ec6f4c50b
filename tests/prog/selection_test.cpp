// SPDX-License-Identifier: Apache-2.0
// How a new flow finds its backend: exact round-robin, affinity, source ranges, and UDP that leaves a dead backend.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <thread>

#include "../harness/testbed.h"

namespace sp::test {
namespace {

constexpr std::uint16_t kPort = 30000;

class Selection : public PacketTest {
 protected:
  // Backends that differ in their port, so that a translated packet tells which one it got.
  Testbed::Service expose(std::size_t backends, Protocol protocol, std::uint32_t flags = 0,
                          std::uint16_t frontend_flags = 0) {
    std::vector<std::pair<Ip, std::uint16_t>> list;
    for (std::size_t i = 0; i < backends; ++i) list.emplace_back(at.local_pod, static_cast<std::uint16_t>(8000 + i));
    const auto service = bed.add_service(list, flags);
    bed.add_frontend(at.vip, kPort, protocol, service, frontend_flags);
    return service;
  }
  // Destination port that a packet of the client's `sport` is given.
  std::uint16_t pick(std::uint16_t sport, Protocol protocol = Protocol::tcp) {
    Packet packet = from_client(at.vip, kPort, protocol);
    packet.flags = kSyn;
    packet.sport = sport;
    const auto out = bed.xdp(packet);
    EXPECT_EQ(out.action, XDP_PASS);
    const std::size_t offset = 14 + (GetParam() == Family::v4 ? 20 : 40) + 2;
    return static_cast<std::uint16_t>(out.frame.at(offset) << 8 | out.frame.at(offset + 1));
  }
};
SP_BOTH_FAMILIES(Selection);

TEST_P(Selection, I2_EveryBackendInTurn) {
  expose(7, Protocol::tcp);
  std::map<std::uint16_t, int> got;
  for (std::uint16_t i = 0; i < 700; ++i) got[pick(static_cast<std::uint16_t>(1000 + i))]++;
  ASSERT_EQ(got.size(), 7u);
  for (const auto& [port, times] : got) EXPECT_EQ(times, 100) << port;
}

TEST_P(Selection, I2_EveryBackendInTurnWhateverTheCpu) {
  expose(5, Protocol::tcp);
  constexpr int kThreads = 4;
  std::array<std::map<std::uint16_t, int>, kThreads> got;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 250; ++i) got[t][pick(static_cast<std::uint16_t>(2000 + t * 250 + i))]++;
    });
  for (auto& thread : threads) thread.join();
  std::map<std::uint16_t, int> sum;
  for (const auto& part : got)
    for (const auto& [port, times] : part) sum[port] += times;
  ASSERT_EQ(sum.size(), 5u);
  for (const auto& [port, times] : sum) EXPECT_EQ(times, 200) << port;
}

TEST_P(Selection, R074_AffinityReturnsUntilTheBackendLeavesTheSet) {
  const auto service = expose(3, Protocol::tcp, SP_SERVICE_AFFINITY);
  const std::uint16_t first = pick(1);
  for (std::uint16_t i = 2; i < 20; ++i) EXPECT_EQ(pick(i), first);
  auto row = bed.backend(service.backends.at(first - 8000u));
  row.flags = static_cast<std::uint16_t>(row.flags & ~SP_BACKEND_SELECTED);
  bed.set_backend(service.backends.at(first - 8000u), row);
  EXPECT_NE(pick(30), first);
}

TEST_P(Selection, R067_SourceOutsideTheRangesIsDropped) {
  const auto service = expose(1, Protocol::tcp, 0, SP_FRONTEND_SOURCE_RANGES);
  Packet syn = from_client(at.vip, kPort);
  syn.flags = kSyn;
  EXPECT_EQ(bed.xdp(syn).action, XDP_DROP);
  EXPECT_EQ(bed.counts(), (Counts{{"drop-source-range", 1}}));  // SP_DROP_SOURCE_RANGE
  sp_source_range_key key{32 + 128 - 8, __builtin_bswap32(service.id), at.client.raw()};
  const std::uint8_t yes = 1;
  ASSERT_EQ(bpf_map_update_elem(bpf_map__fd(bed.bpf().maps.sp_source_range), &key, &yes, BPF_ANY), 0);
  EXPECT_EQ(bed.xdp(syn).action, XDP_PASS);
}

TEST_P(Selection, I5_UdpLeavesADeadBackendWithTheNextPacket) {
  const auto service = expose(2, Protocol::udp);
  const std::uint16_t first = pick(1, Protocol::udp);
  EXPECT_EQ(pick(1, Protocol::udp), first);
  auto row = bed.backend(service.backends.at(first - 8000u));
  row.generation++;
  bed.set_backend(service.backends.at(first - 8000u), row);
  bed.counts();
  EXPECT_NE(pick(1, Protocol::udp), first);
  EXPECT_EQ(bed.counts(), (Counts{{"flow-new", 1}, {"flow-resteered", 1}}));
  EXPECT_EQ(bed.embryos(), 2u);
}

TEST_P(Selection, I5_TcpStaysWithItsBackend) {
  const auto service = expose(2, Protocol::tcp);
  const std::uint16_t first = pick(1);
  auto row = bed.backend(service.backends.at(first - 8000u));
  row.generation++;
  row.flags = SP_BACKEND_LOCAL;
  bed.set_backend(service.backends.at(first - 8000u), row);
  EXPECT_EQ(pick(1), first);
}

}  // namespace
}  // namespace sp::test
