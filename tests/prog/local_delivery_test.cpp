// SPDX-License-Identifier: Apache-2.0
// Delivery to Pods of this node by other ways than the stack: handed to the Pod's end of its veth at tc, or transmitted
// to it by XDP. What the ways cannot carry goes to the stack.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "../harness/testbed.h"
#include "maps/device.h"

namespace sp::test {
namespace {

constexpr std::uint16_t kHostPort = 8086;
constexpr std::uint16_t kPodPort = 9999;
constexpr std::uint32_t kOk = 0;
constexpr std::uint32_t kPods = SP_DEVICE_PODS | SP_DEVICE_HAS_SNAT4 | SP_DEVICE_HAS_SNAT6;
constexpr std::uint32_t kPeer = kPods | SP_DEVICE_PEER;
constexpr std::uint32_t kTransmit = kPeer | SP_DEVICE_XDP_TX;

class LocalDelivery : public PacketTest {
 protected:
  LocalDelivery() : PacketTest({.local_delivery = true}) {}
  void SetUp() override {
    PacketTest::SetUp();
    const std::uint32_t pod0 = bed.pod0();
    ASSERT_EQ(bpf_map_update_elem(bpf_map__fd(bed.bpf().maps.sp_tx_ports), &pod0, &pod0, BPF_ANY), 0);
  }

  // A NodePort of a backend that counts as one of this node, wherever its address leads.
  Testbed::Service expose(const Ip& backend, Protocol protocol = Protocol::tcp) {
    const auto service = bed.add_service({{backend, kPodPort}});
    sp_backend_val row = bed.backend(service.backends.front());
    row.flags |= SP_BACKEND_LOCAL;
    bed.set_backend(service.backends.front(), row);
    bed.add_frontend(at.node, kHostPort, protocol, service, SP_FRONTEND_NODE_ADDR);
    return service;
  }
  [[nodiscard]] Packet syn() const {
    Packet syn = from_client(at.node, kHostPort);
    syn.flags = kSyn;
    return syn;
  }
  // For the backend, a hop further, on the same link.
  [[nodiscard]] static Packet translated(Packet request, const Ip& backend) {
    request.dst = backend;
    request.dport = kPodPort;
    request.ttl--;
    return request;
  }
  // On the Pod's link.
  [[nodiscard]] Packet on_link(Packet request) const {
    request = translated(request, at.local_pod);
    request.eth_src = Mac{0x21};
    request.eth_dst = Mac{0x0a};
    return request;
  }
  void expect_stack(const Outcome& out, const Packet& want) {
    EXPECT_EQ(out.action, XDP_PASS);
    EXPECT_FRAME(out.frame, want);
    EXPECT_TRUE(out.metadata.empty());
  }
  // As bpf/meta.h lays it out: the mark, the device, the addresses of its link.
  void expect_peer(const Outcome& out, const Packet& want) {
    EXPECT_EQ(out.action, XDP_PASS);
    EXPECT_FRAME(out.frame, want);
    const auto ifindex = static_cast<std::uint8_t>(bed.pod0());
    const Bytes metadata{'P', 'L', 'A', 'S', ifindex, 0, 0, 0, 2, 0, 0, 0, 0, 0x0a, 2, 0, 0, 0, 0, 0x21};
    EXPECT_EQ(out.metadata, metadata) << dump(out.metadata);
  }
  void expect_transmitted(const Outcome& out, const Packet& want) {
    EXPECT_EQ(out.action, XDP_REDIRECT);
    EXPECT_FRAME(out.frame, want);
    EXPECT_TRUE(out.metadata.empty());
  }
  [[nodiscard]] Packet from_pod(std::uint8_t flags, std::uint32_t seq = 0) const {
    Packet reply;
    reply.src = at.local_pod;
    reply.sport = kPodPort;
    reply.dst = at.client;
    reply.dport = 40000;
    reply.flags = flags;
    reply.seq = seq;
    return reply;
  }
  [[nodiscard]] Packet untranslated(Packet reply) const {
    reply.src = at.node;
    reply.sport = kHostPort;
    return reply;
  }
  // SYN, SYN-ACK and ACK; gives the packets that follow.
  Packet handshake() {
    bed.xdp(syn());
    bed.egress(from_pod(kSyn | kAck, 7000));
    Packet ack = from_client(at.node, kHostPort);
    ack.flags = kAck;
    ack.ack = 7001;
    bed.xdp(ack);
    EXPECT_EQ(bed.flows(), 2u);
    ack.payload = "data";
    return ack;
  }
  void open_way(std::uint32_t flags) {
    bed.set_device(bed.pod0(), flags);
    auto config = bed.config();
    config.epochs.route++;
    bed.set_config(config);
  }
};
SP_BOTH_FAMILIES(LocalDelivery);

TEST_P(LocalDelivery, PeerIsNamedToTcAndTheLinkHeaderStays) {
  const auto service = expose(at.local_pod);
  const std::uint64_t before = bed.service_packets(service.id);
  bed.set_device(bed.pod0(), kPeer);
  expect_peer(bed.xdp(syn()), translated(syn(), at.local_pod));
  EXPECT_EQ(bed.counts(), (Counts{{"flow-new", 1}}));
  EXPECT_EQ(bed.service_packets(service.id), before + 1);
}

TEST_P(LocalDelivery, TransmittedPacketIsOnThePodsLink) {
  const auto service = expose(at.local_pod);
  const std::uint64_t before = bed.service_packets(service.id);
  bed.set_device(bed.pod0(), kTransmit);
  expect_transmitted(bed.xdp(syn()), on_link(syn()));
  EXPECT_EQ(bed.counts(), (Counts{{"flow-new", 1}}));
  EXPECT_EQ(bed.service_packets(service.id), before + 1);
}

TEST_P(LocalDelivery, DeviceWithoutAShorterWayLeavesItToTheStack) {
  expose(at.local_pod);
  bed.set_device(bed.pod0(), kPods);
  expect_stack(bed.xdp(syn()), translated(syn(), at.local_pod));
  EXPECT_EQ(bed.counts(), (Counts{{"flow-new", 1}}));
}

TEST_P(LocalDelivery, RepliesAreTranslatedAtEgressWhateverTheWay) {
  expose(at.local_pod);
  for (const std::uint32_t way : {kPods, kPeer, kTransmit}) {
    bed.set_device(bed.pod0(), way);
    Packet request = syn();
    request.sport = static_cast<std::uint16_t>(40000 + way);
    bed.xdp(request);
    Packet reply = from_pod(kSyn | kAck);
    reply.dport = request.sport;
    const auto out = bed.egress(reply);
    EXPECT_EQ(out.action, kOk);
    EXPECT_FRAME(out.frame, untranslated(reply));
    // From outside it is a stranger.
    EXPECT_FRAME(bed.xdp(reply).frame, reply);
  }
}

TEST_P(LocalDelivery, EstablishedConnectionFollowsTheDevice) {
  expose(at.local_pod);
  bed.set_device(bed.pod0(), kPods);
  const Packet data = handshake();
  bed.counts();
  expect_stack(bed.xdp(data), translated(data, at.local_pod));
  EXPECT_EQ(bed.counts(), Counts{});
  open_way(kPeer);
  expect_peer(bed.xdp(data), translated(data, at.local_pod));
  EXPECT_EQ(bed.counts(), (Counts{{"next-hop-refreshed", 1}}));
  open_way(kTransmit);
  expect_transmitted(bed.xdp(data), on_link(data));
  open_way(kPods);
  expect_stack(bed.xdp(data), translated(data, at.local_pod));
  const Packet reply = from_pod(kAck);
  EXPECT_FRAME(bed.egress(reply).frame, untranslated(reply));
}

TEST_P(LocalDelivery, DatagramsGoTheSameWays) {
  expose(at.local_pod, Protocol::udp);
  Packet query = from_client(at.node, kHostPort, Protocol::udp);
  query.payload = "q";
  bed.set_device(bed.pod0(), kPeer);
  expect_peer(bed.xdp(query), translated(query, at.local_pod));
  Packet answer = from_pod(0);
  answer.protocol = Protocol::udp;
  answer.payload = "answer";
  EXPECT_FRAME(bed.egress(answer).frame, untranslated(answer));
  EXPECT_EQ(bed.flows(), 2u);
  open_way(kTransmit);
  query.no_checksum = true;
  expect_transmitted(bed.xdp(query), on_link(query));
}

TEST_P(LocalDelivery, TaggedFrameIsForTheStack) {
  expose(at.local_pod);
  Packet tagged = syn();
  tagged.vlans = {100, 42};
  for (const std::uint32_t way : {kPeer, kTransmit}) {
    bed.set_device(bed.pod0(), way);
    tagged.sport++;
    expect_stack(bed.xdp(tagged), translated(tagged, at.local_pod));
  }
}

TEST_P(LocalDelivery, PacketLargerThanThePodsDeviceIsForTheStack) {
  expose(at.local_pod);
  Packet big = syn();
  for (const std::uint32_t way : {kPeer, kTransmit}) {
    bed.set_device(bed.pod0(), way);
    big.sport++;
    big.payload = "small";
    bed.xdp(big);
    big.payload = std::string(1600, 'x');
    expect_stack(bed.xdp(big), translated(big, at.local_pod));
  }
}

TEST_P(LocalDelivery, UnresolvedPodIsLeftToTheStack) {
  expose(at.silent_pod);
  expect_stack(bed.xdp(syn()), translated(syn(), at.silent_pod));
  EXPECT_EQ(bed.counts(), (Counts{{"flow-new", 1}})) << "nothing that needs bpf_redirect_neigh()";
}

TEST_P(LocalDelivery, DeviceThatFacesClientsIsNoWayToAPod) {
  expose(at.remote_pod);
  expect_stack(bed.xdp(syn()), translated(syn(), at.remote_pod));
}

TEST_P(LocalDelivery, BackendWithTheNodesOwnAddressCountsNoHop) {
  expose(at.node);
  Packet want = translated(syn(), at.node);
  want.ttl = syn().ttl;
  expect_stack(bed.xdp(syn()), want);
}

TEST_P(LocalDelivery, LastHopDrops) {
  expose(at.local_pod);
  bed.set_device(bed.pod0(), kPeer);
  Packet last = syn();
  last.ttl = 1;
  EXPECT_EQ(bed.xdp(last).action, XDP_DROP);
  EXPECT_EQ(bed.counts().count("drop-ttl"), 1u);
}

TEST_P(LocalDelivery, WithoutRoomForMetadataTheStackDelivers) {
  expose(at.local_pod);
  bed.set_device(bed.pod0(), kPeer);
  EXPECT_EQ(bed.xdp_with_full_metadata(syn()).action, XDP_PASS);
  EXPECT_EQ(bed.counts(), (Counts{{"flow-new", 1}}));
}

}  // namespace
}  // namespace sp::test
