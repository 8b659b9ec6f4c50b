// SPDX-License-Identifier: Apache-2.0
// A backend on another node: DNAT + SNAT by XDP, the reply reversed by XDP, whole frames compared.
#include <linux/bpf.h>

#include "../harness/testbed.h"

namespace sp::test {
namespace {

constexpr std::uint16_t kNodePort = 30000;
constexpr std::uint16_t kPodPort = 8086;

class RemoteBackend : public PacketTest {
 protected:
  // A service with one remote backend at the node's own address.
  Testbed::Service expose(Protocol protocol = Protocol::tcp) { return expose(at.remote_pod, protocol); }
  Testbed::Service expose(const Ip& backend, Protocol protocol = Protocol::tcp) {
    const auto service = bed.add_service({{backend, kPodPort}});
    bed.add_frontend(at.node, kNodePort, protocol, service, SP_FRONTEND_NODE_ADDR);
    return service;
  }
  // What the request must look like towards the backend, given the source port that was claimed.
  [[nodiscard]] Packet translated(Packet request, std::uint16_t port) const {
    request.eth_src = Mac{0x01};
    request.eth_dst = Mac{0x02};
    request.src = at.node;
    request.sport = port;
    request.dst = at.remote_pod;
    request.dport = kPodPort;
    request.ttl--;
    return request;
  }
  [[nodiscard]] Packet from_backend(std::uint16_t port) const {
    Packet reply;
    reply.eth_src = Mac{0x02};
    reply.src = at.remote_pod;
    reply.sport = kPodPort;
    reply.dst = at.node;
    reply.dport = port;
    return reply;
  }
  [[nodiscard]] Packet untranslated(Packet reply) const {
    reply.eth_src = Mac{0x01};
    reply.eth_dst = Mac{0xfe};
    reply.src = at.node;
    reply.sport = kNodePort;
    reply.dst = at.client;
    reply.dport = 40000;
    reply.ttl--;
    return reply;
  }
  // Runs a TCP handshake; returns the claimed source port.
  std::uint16_t handshake() {
    Packet syn = from_client(at.node, kNodePort);
    syn.flags = kSyn;
    syn.seq = 1000;
    const auto out = bed.xdp(syn);
    const std::uint16_t port = source_port(out.frame);
    Packet synack = from_backend(port);
    synack.flags = kSyn | kAck;
    synack.seq = 5000;
    synack.ack = 1001;
    bed.xdp(synack);
    Packet ack = from_client(at.node, kNodePort);
    ack.flags = kAck;
    ack.seq = 1001;
    ack.ack = 5001;
    bed.xdp(ack);
    return port;
  }
};
SP_BOTH_FAMILIES(RemoteBackend);

TEST_P(RemoteBackend, SynIsTranslatedAndSentBackOutOfTheSameDevice) {
  const auto service = expose();
  Packet syn = from_client(at.node, kNodePort);
  syn.flags = kSyn;
  syn.seq = 1000;
  const auto out = bed.xdp(syn);
  EXPECT_EQ(out.action, XDP_TX);
  const std::uint16_t port = source_port(out.frame);
  EXPECT_TRUE((port >= 1024 && port <= 29999) || port >= 61000) << port;
  EXPECT_FRAME(out.frame, translated(syn, port));
  EXPECT_EQ(bed.counts(), (Counts{{"flow-new", 1}}));
  EXPECT_EQ(bed.embryos(), 2u);
  EXPECT_EQ(bed.flows(), 0u);
  EXPECT_GE(bed.service_packets(service.id), 1u);
}

TEST_P(RemoteBackend, ReplyGetsTheFrontendsAddressBack) {
  expose();
  Packet syn = from_client(at.node, kNodePort);
  syn.flags = kSyn;
  const std::uint16_t port = source_port(bed.xdp(syn).frame);
  Packet synack = from_backend(port);
  synack.flags = kSyn | kAck;
  const auto out = bed.xdp(synack);
  EXPECT_EQ(out.action, XDP_TX);
  EXPECT_FRAME(out.frame, untranslated(synack));
}

TEST_P(RemoteBackend, HandshakePromotesThePairAndDataTakesTheFlowTable) {
  expose();
  const std::uint16_t port = handshake();
  EXPECT_EQ(bed.flows(), 2u);
  EXPECT_EQ(bed.embryos(), 0u);
  EXPECT_EQ(bed.counts(), (Counts{{"flow-new", 1}, {"flow-promoted", 1}, {"next-hop-refreshed", 1}}));
  Packet data = from_client(at.node, kNodePort);
  data.flags = kAck | kPsh;
  data.seq = 1001;
  data.ack = 5001;
  data.payload = "GET /ping HTTP/1.1\r\n\r\n";
  const auto out = bed.xdp(data);
  EXPECT_EQ(out.action, XDP_TX);
  EXPECT_FRAME(out.frame, translated(data, port));
  Packet reply = from_backend(port);
  reply.flags = kAck;
  reply.payload = "HTTP/1.1 204 No Content\r\n\r\n!";
  const auto back = bed.xdp(reply);
  EXPECT_EQ(back.action, XDP_TX);
  EXPECT_FRAME(back.frame, untranslated(reply));
  EXPECT_EQ(bed.counts(), Counts{});
}

TEST_P(RemoteBackend, SpoofedAckDoesNotPromote) {
  expose();
  Packet syn = from_client(at.node, kNodePort);
  syn.flags = kSyn;
  const std::uint16_t port = source_port(bed.xdp(syn).frame);
  Packet synack = from_backend(port);
  synack.flags = kSyn | kAck;
  synack.seq = 5000;
  bed.xdp(synack);
  Packet ack = from_client(at.node, kNodePort);
  ack.flags = kAck;
  ack.ack = 5002;
  EXPECT_EQ(bed.xdp(ack).action, XDP_TX);
  EXPECT_EQ(bed.flows(), 0u);
  EXPECT_EQ(bed.embryos(), 2u);
}

TEST_P(RemoteBackend, AckWithoutSynAckDoesNotPromote) {
  expose();
  Packet packet = from_client(at.node, kNodePort);
  packet.flags = kSyn;
  bed.xdp(packet);
  packet.flags = kAck;
  packet.ack = 1;
  bed.xdp(packet);
  EXPECT_EQ(bed.flows(), 0u);
}

TEST_P(RemoteBackend, OtherDeviceIsReachedByRedirect) {
  expose(at.far_pod);
  Packet syn = from_client(at.node, kNodePort);
  syn.flags = kSyn;
  const auto out = bed.xdp(syn);
  EXPECT_EQ(out.action, XDP_REDIRECT);
  Packet want = translated(syn, source_port(out.frame));
  want.eth_src = Mac{0x11};
  want.eth_dst = Mac{0x03};
  want.src = at.node_ext1;
  want.dst = at.far_pod;
  EXPECT_FRAME(out.frame, want);
}

TEST_P(RemoteBackend, VlanTagStays) {
  expose();
  Packet syn = from_client(at.node, kNodePort);
  syn.flags = kSyn;
  syn.vlans = {100, 42};
  const auto out = bed.xdp(syn);
  EXPECT_EQ(out.action, XDP_TX);
  Packet untagged = syn;
  untagged.vlans.clear();
  untagged.sport++;
  const std::uint16_t other = source_port(bed.xdp(untagged).frame);
  EXPECT_NE(other, 0);
  const std::size_t offset = 14 + 8 + (GetParam() == Family::v4 ? 20 : 40);
  const auto port = static_cast<std::uint16_t>(out.frame.at(offset) << 8 | out.frame.at(offset + 1));
  EXPECT_FRAME(out.frame, translated(syn, port));
}

TEST_P(RemoteBackend, OptionsAndExtensionHeadersStay) {
  expose();
  Packet syn = from_client(at.node, kNodePort);
  syn.flags = kSyn;
  if (GetParam() == Family::v4)
    syn.ip_options = {0x94, 0x04, 0x00, 0x00};  // router alert
  else
    syn.ext_headers = {0, 0, 1, 4, 0, 0, 0, 0};  // PadN
  const auto out = bed.xdp(syn);
  EXPECT_EQ(out.action, XDP_TX);
  const std::size_t offset = 14 + (GetParam() == Family::v4 ? 24 : 48);
  const auto port = static_cast<std::uint16_t>(out.frame.at(offset) << 8 | out.frame.at(offset + 1));
  EXPECT_FRAME(out.frame, translated(syn, port));
}

TEST_P(RemoteBackend, UnresolvedNeighbourIsLeftToTheStack) {
  expose(at.silent_pod);
  Packet syn = from_client(at.node, kNodePort);
  syn.flags = kSyn;
  const auto out = bed.xdp(syn);
  EXPECT_EQ(out.action, XDP_PASS);
  EXPECT_EQ(bed.counts(), (Counts{{"flow-new", 1}, {"next-hop-unresolved", 1}}));
  Packet want = translated(syn, source_port(out.frame));
  want.eth_src = syn.eth_src;
  want.eth_dst = syn.eth_dst;
  want.dst = at.silent_pod;
  EXPECT_FRAME(out.frame, want);
  // META_MAGIC and the device, as bpf/meta.h lays them out.
  ASSERT_EQ(out.metadata.size(), 8u);
  EXPECT_EQ(std::string(out.metadata.begin(), out.metadata.begin() + 4), "YLAS");
  EXPECT_EQ(out.metadata[4], bed.ext0());
}

TEST_P(RemoteBackend, MissingRouteDrops) {
  expose(at.lost_pod);
  Packet syn = from_client(at.node, kNodePort);
  syn.flags = kSyn;
  EXPECT_EQ(bed.xdp(syn).action, XDP_DROP);
  EXPECT_EQ(bed.counts(), (Counts{{"drop-no-route", 1}}));  // SP_DROP_NO_ROUTE
  EXPECT_EQ(bed.embryos(), 0u);
}

TEST_P(RemoteBackend, LastHopDrops) {
  expose();
  Packet syn = from_client(at.node, kNodePort);
  syn.flags = kSyn;
  syn.ttl = 1;
  EXPECT_EQ(bed.xdp(syn).action, XDP_DROP);
  EXPECT_EQ(bed.counts().count("drop-ttl"), 1u);  // SP_DROP_TTL
}

TEST_P(RemoteBackend, PacketLargerThanTheEgressDeviceDrops) {
  expose();
  Packet data = from_client(at.node, kNodePort);
  data.flags = kSyn;
  data.payload = std::string(1600, 'x');
  EXPECT_EQ(bed.xdp(data).action, XDP_DROP);
  EXPECT_EQ(bed.counts().count("drop-too-big"), 1u);  // SP_DROP_TOO_BIG
}

TEST_P(RemoteBackend, StaleRouteEpochLooksTheNextHopUpAgain) {
  expose();
  const std::uint16_t port = handshake();
  bed.counts();
  auto config = bed.config();
  config.route_epoch++;
  bed.set_config(config);
  Packet data = from_client(at.node, kNodePort);
  data.flags = kAck;
  EXPECT_FRAME(bed.xdp(data).frame, translated(data, port));
  EXPECT_EQ(bed.counts(), (Counts{{"next-hop-refreshed", 1}}));
  bed.xdp(data);
  EXPECT_EQ(bed.counts(), Counts{});
}

TEST_P(RemoteBackend, SynOverAClosedPairOpensANewOne) {
  expose();
  const std::uint16_t port = handshake();
  Packet fin = from_client(at.node, kNodePort);
  fin.flags = kFin | kAck;
  bed.xdp(fin);
  Packet back = from_backend(port);
  back.flags = kFin | kAck;
  bed.xdp(back);
  EXPECT_EQ(bed.flows(), 2u);
  bed.counts();
  Packet syn = from_client(at.node, kNodePort);
  syn.flags = kSyn;
  EXPECT_EQ(bed.xdp(syn).action, XDP_TX);
  EXPECT_EQ(bed.flows(), 0u);
  EXPECT_EQ(bed.embryos(), 2u);
  EXPECT_EQ(bed.counts(), (Counts{{"flow-new", 1}}));
}

TEST_P(RemoteBackend, SynOverALivePairKeepsIt) {
  expose();
  const std::uint16_t port = handshake();
  Packet syn = from_client(at.node, kNodePort);
  syn.flags = kSyn;
  EXPECT_FRAME(bed.xdp(syn).frame, translated(syn, port));
  EXPECT_EQ(bed.flows(), 2u);
}

TEST_P(RemoteBackend, UdpReplyPromotesAndZeroChecksumStaysZero) {
  expose(Protocol::udp);
  Packet query = from_client(at.node, kNodePort, Protocol::udp);
  query.payload = "query";
  query.no_checksum = true;
  const auto out = bed.xdp(query);
  EXPECT_EQ(out.action, XDP_TX);
  const std::uint16_t port = source_port(out.frame);
  EXPECT_FRAME(out.frame, translated(query, port));
  Packet answer = from_backend(port);
  answer.protocol = Protocol::udp;
  answer.payload = "answer";
  EXPECT_FRAME(bed.xdp(answer).frame, untranslated(answer));
  EXPECT_EQ(bed.flows(), 2u);
  EXPECT_EQ(bed.embryos(), 0u);
  query.no_checksum = false;
  EXPECT_FRAME(bed.xdp(query).frame, translated(query, port));
}

TEST_P(RemoteBackend, ChecksumsStayRightForEveryPayload) {
  expose(Protocol::udp);
  Packet query = from_client(at.node, kNodePort, Protocol::udp);
  const std::uint16_t port = source_port(bed.xdp(query).frame);
  for (unsigned i = 0; i < 65536; i += 7) {
    query.payload = {static_cast<char>(i >> 8), static_cast<char>(i), 'x'};
    const auto out = bed.xdp(query);
    ASSERT_EQ(out.frame, translated(query, port).bytes()) << i;
  }
}

}  // namespace
}  // namespace sp::test
