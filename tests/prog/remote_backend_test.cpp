// SPDX-License-Identifier: Apache-2.0
// A backend on another node: DNAT + SNAT by XDP, the reply reversed by XDP, whole frames compared.
#include "../harness/remote_backend.h"

namespace sp::test {
namespace {

using RemoteBackend = RemoteBackendTest;
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
  // The reply half has not been used since it was made: its next hop is looked up now, and never again.
  EXPECT_EQ(bed.counts(), (Counts{{"next-hop-refreshed", 1}}));
  EXPECT_FRAME(bed.xdp(reply).frame, untranslated(reply));
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
