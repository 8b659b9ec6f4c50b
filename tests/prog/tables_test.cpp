// SPDX-License-Identifier: Apache-2.0
// What happens to pairs when tables fill up, ports run out, time passes, or the LRU takes one half.
//
// SP_DROP_TABLE has no case: it stands for lookups that the verifier demands and that cannot fail (a row of a per-CPU
// array), and for a flow that another CPU made and the LRU took within nanoseconds.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <ctime>

#include "../harness/testbed.h"
#include "maps/flow.h"

namespace sp::test {
namespace {

constexpr std::uint16_t kPort = 30000;

class Tables : public PacketTest {
 protected:
  Testbed::Service expose(Protocol protocol, const Ip& backend) {
    const auto service = bed.add_service({{backend, 80}});
    bed.add_frontend(at.vip, kPort, protocol, service);
    return service;
  }
  Packet client(std::uint16_t sport, Protocol protocol, std::uint8_t flags = kSyn) {
    Packet packet = from_client(at.vip, kPort, protocol);
    packet.sport = sport;
    packet.flags = flags;
    return packet;
  }
  // A UDP pair in the flow table; returns the reply that made it so.
  Packet established(std::uint16_t sport) {
    const auto out = bed.xdp(client(sport, Protocol::udp));
    Packet reply;
    reply.protocol = Protocol::udp;
    reply.src = at.remote_pod;
    reply.dst = at.node;
    reply.sport = 80;
    reply.dport = source_port(out.frame);
    EXPECT_EQ(bed.xdp(reply).action, XDP_TX);
    return reply;
  }
  void set_ports(std::uint16_t first, std::uint16_t last) {
    auto config = bed.config();
    config.snat_ports[0] = {first, last};
    config.snat_ports[1] = {1, 0};
    bed.set_config(config);
  }
  [[nodiscard]] bpf_map* flow_map() {
    return GetParam() == Family::v4 ? bed.bpf().maps.sp_flows4 : bed.bpf().maps.sp_flows6;
  }
  [[nodiscard]] bpf_map* embryo_map() {
    return GetParam() == Family::v4 ? bed.bpf().maps.sp_embryos4 : bed.bpf().maps.sp_embryos6;
  }
  // Calls `edit` for the rule of every entry and writes it back.
  void edit_rules(bpf_map* map, const std::function<void(sp_flow_rule&)>& edit) {
    std::vector<std::uint8_t> key(bpf_map__key_size(map));
    std::vector<std::uint8_t> value(bpf_map__value_size(map));
    const std::size_t offset = GetParam() == Family::v4 ? 8 : 32;
    std::vector<std::vector<std::uint8_t>> keys;
    const void* last = nullptr;
    while (bpf_map_get_next_key(bpf_map__fd(map), last, key.data()) == 0) {
      keys.push_back(key);
      last = keys.back().data();
    }
    for (const auto& each : keys) {
      ASSERT_EQ(bpf_map_lookup_elem(bpf_map__fd(map), each.data(), value.data()), 0);
      edit(*reinterpret_cast<sp_flow_rule*>(value.data() + offset));
      ASSERT_EQ(bpf_map_update_elem(bpf_map__fd(map), each.data(), value.data(), BPF_ANY), 0);
    }
  }
};
SP_BOTH_FAMILIES(Tables);

TEST_P(Tables, I11_PortsRunOutOnlyWhenEstablishedFlowsHoldThemAll) {
  expose(Protocol::udp, at.remote_pod);
  set_ports(5000, 5001);
  established(1);
  established(2);
  bed.counts();
  EXPECT_EQ(bed.xdp(client(3, Protocol::udp)).action, XDP_DROP);
  const auto counts = bed.counts();
  EXPECT_EQ(counts.at("drop-snat-ports"), 1u);  // SP_DROP_SNAT_PORTS
  EXPECT_EQ(counts.at("snat-clash"), static_cast<std::uint64_t>(SP_SNAT_TRIES));
  EXPECT_EQ(bed.flows(), 4u);
}

TEST_P(Tables, I4_EmbryosGiveTheirPortsToNewFlows) {
  expose(Protocol::tcp, at.remote_pod);
  set_ports(5000, 5003);
  for (std::uint16_t i = 1; i <= 50; ++i) EXPECT_EQ(bed.xdp(client(i, Protocol::tcp)).action, XDP_TX) << i;
  EXPECT_GE(bed.counts().at("embryo-stolen"), 46u);
  EXPECT_EQ(bed.embryos(), 8u);
}

TEST_P(Tables, I4_FloodOfEmbryosLeavesEstablishedFlowsAlone) {
  expose(Protocol::udp, at.remote_pod);
  const Packet reply = established(1);
  for (unsigned i = 2; i < 12000; ++i) bed.xdp(client(static_cast<std::uint16_t>(i), Protocol::udp));
  EXPECT_EQ(bed.flows(), 2u);
  EXPECT_EQ(bed.xdp(reply).action, XDP_TX);
  EXPECT_EQ(bed.xdp(client(1, Protocol::udp)).action, XDP_TX);
}

TEST_P(Tables, I3_MissingReplyHalfIsRepaired) {
  expose(Protocol::tcp, at.local_pod);
  bed.xdp(client(1, Protocol::tcp));
  std::vector<std::uint8_t> key(bpf_map__key_size(embryo_map()));
  std::vector<std::uint8_t> value(bpf_map__value_size(embryo_map()));
  const std::size_t flags = GetParam() == Family::v4 ? 8 + 25 : 32 + 25;
  const void* last = nullptr;
  while (bpf_map_get_next_key(bpf_map__fd(embryo_map()), last, key.data()) == 0) {
    ASSERT_EQ(bpf_map_lookup_elem(bpf_map__fd(embryo_map()), key.data(), value.data()), 0);
    if ((value.at(flags) & SP_FLOW_REPLY) != 0) break;
    last = key.data();
  }
  ASSERT_NE(value.at(flags) & SP_FLOW_REPLY, 0);
  ASSERT_EQ(bpf_map_delete_elem(bpf_map__fd(embryo_map()), key.data()), 0);
  bed.counts();
  EXPECT_EQ(bed.xdp(client(1, Protocol::tcp)).action, XDP_PASS);
  EXPECT_EQ(bed.counts(), (Counts{{"pair-repaired", 1}}));
  EXPECT_EQ(bed.embryos(), 2u);
  Packet synack;
  synack.src = at.local_pod;
  synack.sport = 80;
  synack.dst = at.client;
  synack.dport = 1;
  synack.flags = kSyn | kAck;
  Packet want = synack;
  want.src = at.vip;
  want.sport = kPort;
  EXPECT_FRAME(bed.egress(synack).frame, want);
}

TEST_P(Tables, LastSeenIsTheMonotonicClock) {
  expose(Protocol::udp, at.remote_pod);
  established(1);
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const double ticks =
      (static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec)) / (1 << SP_TICK_SHIFT);
  // The testbed loads the programs with the constants of HZ 250, which the kernels that we test have.
  edit_rules(flow_map(), [&](sp_flow_rule& rule) { EXPECT_NEAR(rule.last_seen_tick, ticks, 2.0); });
}

TEST_P(Tables, I3_AgingRemovesBothHalvesAndOnlyWhenBothAreIdle) {
  expose(Protocol::udp, at.remote_pod);
  const Packet reply = established(1);
  bed.age();
  EXPECT_EQ(bed.flows(), 2u);
  edit_rules(flow_map(), [](sp_flow_rule& rule) { rule.last_seen_tick -= 100000; });
  EXPECT_EQ(bed.xdp(reply).action, XDP_TX);
  bed.age();
  EXPECT_EQ(bed.flows(), 2u);
  edit_rules(flow_map(), [](sp_flow_rule& rule) { rule.last_seen_tick -= 100000; });
  bed.counts();
  bed.age();
  EXPECT_EQ(bed.flows(), 0u);
  EXPECT_EQ(bed.counts(), (Counts{{"flow-aged", 1}}));
}

TEST_P(Tables, R090_EachTcpStateHasItsTimeout) {
  expose(Protocol::tcp, at.remote_pod);
  struct Case {
    std::uint8_t forth, back;
    std::uint32_t idle;
    bool lives;
  };
  // Ticks as in the testbed's configuration: established 80000, close-wait 3000, time-wait 100, close 10.
  const Case cases[] = {{0, 0, 79000, true},    {0, 0, 81000, false},     {kFin, 0, 2900, true}, {kFin, 0, 3100, false},
                        {kFin, kFin, 90, true}, {kFin, kFin, 110, false}, {0, kRst, 9, true},    {0, kRst, 12, false}};
  for (const Case& each : cases) {
    SCOPED_TRACE(each.idle);
    bed.clear();
    expose(Protocol::tcp, at.remote_pod);
    const auto out = bed.xdp(client(1, Protocol::tcp));
    Packet reply;
    reply.src = at.remote_pod;
    reply.dst = at.node;
    reply.sport = 80;
    reply.dport = source_port(out.frame);
    reply.flags = kSyn | kAck;
    reply.seq = 9;
    bed.xdp(reply);
    Packet ack = client(1, Protocol::tcp, kAck);
    ack.ack = 10;
    bed.xdp(ack);
    ASSERT_EQ(bed.flows(), 2u);
    ack.flags = static_cast<std::uint8_t>(kAck | each.forth);
    bed.xdp(ack);
    reply.flags = static_cast<std::uint8_t>(kAck | each.back);
    bed.xdp(reply);
    edit_rules(flow_map(), [&](sp_flow_rule& rule) { rule.last_seen_tick -= each.idle; });
    bed.age();
    EXPECT_EQ(bed.flows(), each.lives ? 2u : 0u);
  }
}

TEST_P(Tables, I12_FullFlowTableKeepsPairsAsEmbryos) {
  expose(Protocol::udp, at.remote_pod);
  // The testbed's tables have 4096 entries: 2048 pairs.
  for (std::uint16_t i = 1; i <= 2048; ++i) established(i);
  ASSERT_EQ(bed.flows(), 4096u);
  bed.counts();
  const Packet reply = established(3000);
  EXPECT_GE(bed.counts().at("flows-full"), 1u);
  EXPECT_EQ(bed.flows(), 4096u);
  EXPECT_EQ(bed.embryos(), 2u);
  EXPECT_EQ(bed.xdp(reply).action, XDP_TX);
  EXPECT_EQ(bed.xdp(client(3000, Protocol::udp)).action, XDP_TX);
}

}  // namespace
}  // namespace sp::test
