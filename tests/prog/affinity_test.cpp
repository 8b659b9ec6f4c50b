// SPDX-License-Identifier: Apache-2.0
// sessionAffinity: ClientIP for packets: whose memory it is, how long it lasts, and what makes it last longer.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "../harness/testbed.h"

namespace sp::test {
namespace {

constexpr std::uint16_t kPort = 80;
constexpr std::uint16_t kNodePort = 30000;
// As the testbed gives it to every service.
constexpr std::uint32_t kTimeoutTicks = 100;

class Affinity : public PacketTest {
 protected:
  // Backends on this node that differ in their port; `first_port` tells services apart.
  Testbed::Service expose(std::uint16_t first_port, std::uint16_t port) {
    std::vector<std::pair<Ip, std::uint16_t>> list;
    for (std::uint16_t i = 0; i < 5; ++i) list.emplace_back(at.local_pod, static_cast<std::uint16_t>(first_port + i));
    const auto service = bed.add_service(list, SP_SERVICE_AFFINITY);
    bed.add_frontend(at.vip, port, Protocol::tcp, service);
    return service;
  }
  // Destination port of a SYN after its translation.
  std::uint16_t pick(const Ip& client, const Ip& frontend, std::uint16_t port) {
    Packet syn = from_client(frontend, port);
    syn.src = client;
    syn.sport = next_sport_++;
    syn.flags = kSyn;
    const auto out = bed.xdp(syn);
    EXPECT_EQ(out.action, XDP_PASS);
    const std::size_t offset = 14 + (GetParam() == Family::v4 ? 20 : 40) + 2;
    return static_cast<std::uint16_t>(out.frame.at(offset) << 8 | out.frame.at(offset + 1));
  }
  std::uint16_t pick() { return pick(at.client, at.vip, kPort); }
  // All memories become older by `ticks`.
  void let_pass(std::uint32_t ticks) {
    const int fd = bpf_map__fd(bed.bpf().maps.sp_affinity);
    sp_affinity_key key{};
    std::vector<sp_affinity_key> keys;
    const void* last = nullptr;
    while (bpf_map_get_next_key(fd, last, &key) == 0) {
      keys.push_back(key);
      last = &keys.back();
    }
    ASSERT_FALSE(keys.empty());
    for (const auto& each : keys) {
      sp_affinity_val value{};
      ASSERT_EQ(bpf_map_lookup_elem(fd, &each, &value), 0);
      value.last_new_tick -= ticks;
      ASSERT_EQ(bpf_map_update_elem(fd, &each, &value, BPF_ANY), 0);
    }
  }

  std::uint16_t next_sport_ = 20000;
};
SP_BOTH_FAMILIES(Affinity);

TEST_P(Affinity, R072_IsOfTheClientsAddressAtAllFrontendsOfAPort) {
  const auto service = expose(8000, kPort);
  bed.add_frontend(at.node, kNodePort, Protocol::tcp, service);
  const std::uint16_t mine = pick();
  EXPECT_EQ(pick(at.client, at.node, kNodePort), mine);
  EXPECT_NE(pick(at.far_pod, at.vip, kPort), mine) << "another client has its own turn";
  EXPECT_EQ(pick(), mine);
}

TEST_P(Affinity, R072_IsNotSharedByTheServicesOfTwoPorts) {
  expose(8000, kPort);
  expose(9000, 443);
  EXPECT_EQ(pick(), 8000);
  pick(at.far_pod, at.vip, 443);
  EXPECT_EQ(pick(at.client, at.vip, 443), 9001) << "the next of its own port, whatever the other one gave";
  EXPECT_EQ(pick(), 8000);
}

TEST_P(Affinity, R073_LastsAsLongAsNewConnectionsComeInTime) {
  expose(8000, kPort);
  const std::uint16_t first = pick();
  for (int i = 0; i < 5; ++i) {
    let_pass(kTimeoutTicks - 2);
    EXPECT_EQ(pick(), first);
  }
  let_pass(kTimeoutTicks + 2);
  EXPECT_NE(pick(), first);
}

TEST_P(Affinity, R073_PacketsOfAnOldConnectionDoNotProlongIt) {
  expose(8000, kPort);
  const std::uint16_t first = pick();
  const std::uint16_t sport = static_cast<std::uint16_t>(next_sport_ - 1);
  let_pass(kTimeoutTicks + 2);
  Packet again = from_client(at.vip, kPort);
  again.sport = sport;
  again.flags = kSyn;
  EXPECT_EQ(bed.xdp(again).action, XDP_PASS);
  EXPECT_NE(pick(), first);
}

TEST_P(Affinity, R075_WithoutTheFlagNobodyIsRemembered) {
  const auto service = expose(8000, kPort);
  const std::uint16_t first = pick();
  EXPECT_EQ(pick(), first);
  sp_service_val row{0, 5, 0, 0};
  bed.set_service(service.id, row);
  EXPECT_NE(pick(), first);
  row.flags = SP_SERVICE_AFFINITY;
  row.affinity_ticks = kTimeoutTicks;
  bed.set_service(service.id, row);
  EXPECT_EQ(pick(), first) << "what was remembered is still fresh";
}

}  // namespace
}  // namespace sp::test
