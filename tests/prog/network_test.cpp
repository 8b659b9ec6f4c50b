// SPDX-License-Identifier: Apache-2.0
// What an address means where no frontend has its port: a Service's, nobody's, the node's; and whose an address is that
// comes in from outside.
#include <bpf/libbpf.h>

#include <chrono>
#include <functional>
#include <memory>

#include "../harness/inside_client.h"
#include "maps/event.h"

namespace sp::test {
namespace {

class Network : public InsideTest {
 protected:
  void add_services(std::uint32_t flags) { bed.add_service_network(at.vip, bits(), flags); }
  [[nodiscard]] unsigned bits() const { return GetParam() == Family::v4 ? 16 : 112; }
  [[nodiscard]] Packet from_outside(Protocol protocol = Protocol::tcp) const {
    Packet packet = from_pod(protocol);
    packet.src = at.client;
    packet.eth_src = Mac{0xfe};
    packet.eth_dst = Mac{0x01};
    return packet;
  }

  // A hook, a packet that arrives there, and the actions that it answers, drops and passes with.
  struct Door {
    std::string name;
    std::function<Outcome(const Packet&)> run;
    Packet packet;
    std::uint32_t answers, drops, passes;
    bool counts_what_passes;
  };
  [[nodiscard]] std::vector<Door> doors(Protocol protocol) const {
    return {{"XDP", [this](const Packet& p) { return bed.xdp(p); }, from_outside(protocol), XDP_TX, XDP_DROP, XDP_PASS,
             true},
            {"Pod", [this](const Packet& p) { return bed.pod_ingress(p); }, from_pod(protocol), TC_ACT_REDIRECT,
             TC_ACT_SHOT, TC_ACT_OK, true},
            {"node", [this](const Packet& p) { return bed.egress(p); }, from_node(protocol), TC_ACT_REDIRECT,
             TC_ACT_SHOT, TC_ACT_OK, false}};
  }
  void expect_pass(const Door& door, const std::string& reason = "pass-not-ours") {
    SCOPED_TRACE(door.name);
    const auto out = door.run(door.packet);
    EXPECT_EQ(out.action, door.passes);
    EXPECT_FRAME(out.frame, door.packet);
    EXPECT_EQ(bed.counts(), door.counts_what_passes ? (Counts{{reason, 1}}) : Counts{});
  }
};
SP_BOTH_FAMILIES(Network);

TEST_P(Network, R063_AnUndefinedPortOfAServiceIsRefused) {
  for (const std::uint32_t flags : {0U, SP_NETWORK_ALLOCATED}) {
    bed.clear();
    add_services(flags);
    bed.add_service_ip(at.vip, SP_SERVICE_IP_REJECT);
    for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
      for (const Door& door : doors(protocol)) {
        SCOPED_TRACE(door.name);
        const auto out = door.run(door.packet);
        EXPECT_EQ(out.action, door.answers);
        const Bytes want = protocol == Protocol::tcp ? reset(door.packet).bytes() : unreachable(door.packet);
        EXPECT_EQ(dump(out.frame), dump(want));
        EXPECT_EQ(bed.counts(), (Counts{{"reject-undefined-port", 1}}));  // SP_REJECT_UNDEFINED_PORT
      }
    }
  }
}

TEST_P(Network, R064_AnAddressThatNoServiceHasIsSilent) {
  add_services(SP_NETWORK_ALLOCATED);
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    for (const Door& door : doors(protocol)) {
      SCOPED_TRACE(door.name);
      EXPECT_EQ(door.run(door.packet).action, door.drops);
      EXPECT_EQ(bed.counts(), (Counts{{"drop-no-service", 1}}));  // SP_DROP_NO_SERVICE
    }
  }
}

// One event in 8 ms is written, and an earlier test may have had it.
TEST_P(Network, I10_WhatIsRefusedIsToldWithItsTuple) {
  std::vector<sp_event> events;
  const auto keep = [](void* to, void* data, std::size_t size) {
    if (size == sizeof(sp_event)) static_cast<std::vector<sp_event>*>(to)->push_back(*static_cast<sp_event*>(data));
    return 0;
  };
  const std::unique_ptr<ring_buffer, decltype(&ring_buffer__free)> ring(
      ring_buffer__new(bpf_map__fd(bed.bpf().maps.sp_events), keep, &events, nullptr), ring_buffer__free);
  ASSERT_NE(ring, nullptr);
  add_services(SP_NETWORK_ALLOCATED);
  for (const bool answered : {false, true}) {
    if (answered) bed.add_service_ip(at.vip, SP_SERVICE_IP_REJECT);
    for (const Door& door : doors(Protocol::udp)) {
      SCOPED_TRACE(door.name);
      ring_buffer__consume(ring.get());
      events.clear();
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
      while (events.empty() && std::chrono::steady_clock::now() < deadline) {
        door.run(door.packet);
        ring_buffer__poll(ring.get(), 10);
      }
      ASSERT_FALSE(events.empty());
      const sp_event& event = events.front();
      EXPECT_EQ(event.reason, answered ? SP_REJECT_UNDEFINED_PORT : SP_DROP_NO_SERVICE);
      EXPECT_EQ(event.ifindex, door.name == "Pod" ? bed.pod0() : bed.ext0());
      EXPECT_EQ(Ip(event.saddr), door.packet.src);
      EXPECT_EQ(Ip(event.daddr), door.packet.dst);
      EXPECT_EQ(Be16{event.sport}.to_host(), kClientPort);
      EXPECT_EQ(Be16{event.dport}.to_host(), kServicePort);
      EXPECT_EQ(event.proto, SP_PROTO_UDP);
      EXPECT_EQ(event.len_bytes, door.packet.bytes().size());
    }
  }
}

TEST_P(Network, AnAddressThatNoServiceHasPassesWhereOthersMayHaveIt) {
  add_services(0);
  for (const Door& door : doors(Protocol::udp)) expect_pass(door);
}

TEST_P(Network, TheNodesOwnAddressAmongThemIsTheStacks) {
  add_services(SP_NETWORK_ALLOCATED);
  bed.add_service_ip(at.vip, SP_SERVICE_IP_PASS);
  for (const Door& door : doors(Protocol::tcp)) expect_pass(door);
}

TEST_P(Network, AnAddressOfAServiceOutsideAllNetworksIsNotAskedFor) {
  bed.add_service_ip(at.vip, SP_SERVICE_IP_REJECT);
  bed.add_service_network(at.client, bits(), SP_NETWORK_ALLOCATED);
  for (const Door& door : doors(Protocol::tcp)) expect_pass(door);
}

TEST_P(Network, TheLastNetworkCountsLikeTheFirst) {
  for (int i = 0; i < SP_MAX_SERVICE_NETS - 1; ++i) bed.add_service_network(at.client, bits(), 0);
  add_services(SP_NETWORK_ALLOCATED);
  for (const Door& door : doors(Protocol::tcp)) EXPECT_EQ(door.run(door.packet).action, door.drops) << door.name;
}

TEST_P(Network, OnlyThePrefixDecides) {
  bed.add_service_network(at.vip, GetParam() == Family::v4 ? 30 : 127, SP_NETWORK_ALLOCATED);
  for (Door& door : doors(Protocol::udp)) {
    EXPECT_EQ(door.run(door.packet).action, door.drops) << door.name;
    bed.counts();
    // .236 is the first of the four, :236 the first of the two.
    door.packet.dst = *Ip::parse(GetParam() == Family::v4 ? "10.13.242.240" : "2001:db8:f::238");
    expect_pass(door);
  }
}

TEST_P(Network, ASegmentToAnUndefinedPortIsOneOfAnUnknownConnection) {
  add_services(SP_NETWORK_ALLOCATED);
  bed.add_service_ip(at.vip, SP_SERVICE_IP_REJECT);
  for (Door& door : doors(Protocol::tcp)) {
    if (door.name == "node") continue;
    SCOPED_TRACE(door.name);
    door.packet.flags = kAck;
    door.packet.ack = 77;
    Packet want = turned(door.packet);
    want.flags = kRst;
    want.seq = 77;
    EXPECT_FRAME(door.run(door.packet).frame, want);
    EXPECT_EQ(bed.counts(), (Counts{{"reject-unknown-tcp", 1}}));
    door.packet.flags = kRst;
    EXPECT_EQ(door.run(door.packet).action, door.drops);
    EXPECT_EQ(bed.counts(), (Counts{{"drop-unknown-rst", 1}}));
  }
}

TEST_P(Network, R111_AConnectionOfKubeProxysToAServiceThatIsGoneLivesOn) {
  add_services(SP_NETWORK_ALLOCATED);
  sp_config_val config = bed.config();
  config.foreign_tcp_until_tick = ~0U;
  bed.set_config(config);
  for (Door& door : doors(Protocol::tcp)) {
    door.packet.flags = kAck;
    expect_pass(door, "pass-foreign-tcp");
  }
}

TEST_P(Network, R058_APodsAddressFromOutsideGetsTheRowsOfPods) {
  const auto outside = bed.add_service({{at.remote_pod, 1111}});
  const auto pods = bed.add_service({{at.remote_pod, kEndpointPort}});
  bed.add_frontend(at.vip, kServicePort, Protocol::udp, outside, 0, SP_SCOPE_EXTERNAL);
  bed.add_frontend(at.vip, kServicePort, Protocol::udp, pods, SP_FRONTEND_KEEP_SOURCE, SP_SCOPE_POD);
  bed.set_pod_network(at.client, bits());
  const Packet request = from_outside(Protocol::udp);
  const auto out = bed.xdp(request);
  EXPECT_EQ(out.action, XDP_TX);
  // Masqueraded whatever the row says: the reply has to come back here.
  Packet want = masqueraded(request, at.remote_pod, at.node, source_port(out.frame));
  want.eth_src = Mac{0x01};
  want.eth_dst = Mac{0x02};
  EXPECT_FRAME(out.frame, want);
}

TEST_P(Network, ANetworkWithoutMaskHoldsNobody) {
  expose(at.remote_pod, SP_SCOPE_EXTERNAL, Protocol::udp, 0);
  bed.set_pod_network(*Ip::parse(GetParam() == Family::v4 ? "0.0.0.0" : "::"), 0);
  EXPECT_EQ(bed.xdp(from_outside(Protocol::udp)).action, XDP_TX);
}

}  // namespace
}  // namespace sp::test
