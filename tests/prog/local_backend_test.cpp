// SPDX-License-Identifier: Apache-2.0
// A backend on this node: DNAT only, the client's address is kept, the reply is translated at tc egress.
#include <linux/bpf.h>

#include "../harness/testbed.h"

namespace sp::test {
namespace {

constexpr std::uint16_t kHostPort = 8086;
constexpr std::uint16_t kPodPort = 9999;
constexpr std::uint32_t kOk = 0;

class LocalBackend : public PacketTest {
 protected:
  Testbed::Service expose(Protocol protocol = Protocol::tcp) {
    const auto service = bed.add_service({{at.local_pod, kPodPort}});
    bed.add_frontend(at.node, kHostPort, protocol, service, SP_FRONTEND_NODE_ADDR);
    return service;
  }
  [[nodiscard]] Packet translated(Packet request) const {
    request.dst = at.local_pod;
    request.dport = kPodPort;
    return request;
  }
  [[nodiscard]] Packet from_pod() const {
    Packet reply;
    reply.src = at.local_pod;
    reply.sport = kPodPort;
    reply.dst = at.client;
    reply.dport = 40000;
    return reply;
  }
  [[nodiscard]] Packet untranslated(Packet reply) const {
    reply.src = at.node;
    reply.sport = kHostPort;
    return reply;
  }
};
SP_BOTH_FAMILIES(LocalBackend);

TEST_P(LocalBackend, RequestKeepsTheClientAndGoesUpTheStack) {
  expose();
  Packet syn = from_client(at.node, kHostPort);
  syn.flags = kSyn;
  const auto out = bed.xdp(syn);
  EXPECT_EQ(out.action, XDP_PASS);
  EXPECT_FRAME(out.frame, translated(syn));
  EXPECT_EQ(bed.counts(), (Counts{{"flow-new", 1}}));
}

TEST_P(LocalBackend, ReplyIsTranslatedAtEgressAndTheHandshakePromotes) {
  expose();
  Packet syn = from_client(at.node, kHostPort);
  syn.flags = kSyn;
  bed.xdp(syn);
  Packet synack = from_pod();
  synack.flags = kSyn | kAck;
  synack.seq = 7000;
  const auto out = bed.egress(synack);
  EXPECT_EQ(out.action, kOk);
  EXPECT_FRAME(out.frame, untranslated(synack));
  Packet ack = from_client(at.node, kHostPort);
  ack.flags = kAck;
  ack.ack = 7001;
  EXPECT_FRAME(bed.xdp(ack).frame, translated(ack));
  EXPECT_EQ(bed.flows(), 2u);
  EXPECT_EQ(bed.embryos(), 0u);
  Packet data = from_pod();
  data.flags = kAck;
  data.payload = "hello";
  EXPECT_FRAME(bed.egress(data).frame, untranslated(data));
}

TEST_P(LocalBackend, UdpReplyKeepsAZeroChecksum) {
  expose(Protocol::udp);
  Packet query = from_client(at.node, kHostPort, Protocol::udp);
  query.payload = "q";
  EXPECT_FRAME(bed.xdp(query).frame, translated(query));
  Packet answer = from_pod();
  answer.protocol = Protocol::udp;
  answer.payload = "answer";
  EXPECT_FRAME(bed.egress(answer).frame, untranslated(answer));
  answer.no_checksum = true;
  EXPECT_FRAME(bed.egress(answer).frame, untranslated(answer));
  EXPECT_EQ(bed.flows(), 2u);
}

TEST_P(LocalBackend, ReplyTupleFromOutsideIsAStranger) {
  expose();
  Packet syn = from_client(at.node, kHostPort);
  syn.flags = kSyn;
  bed.xdp(syn);
  bed.counts();
  Packet spoofed = from_pod();
  spoofed.flags = kAck;
  const auto out = bed.xdp(spoofed);
  EXPECT_EQ(out.action, XDP_PASS);
  EXPECT_FRAME(out.frame, spoofed);
  EXPECT_EQ(bed.counts(), (Counts{{"pass-not-ours", 1}}));  // SP_PASS_NOT_OURS
}

TEST_P(LocalBackend, I4_SpoofedSynAckFromOutsidePlantsNoSequenceNumber) {
  expose();
  Packet syn = from_client(at.node, kHostPort);
  syn.flags = kSyn;
  bed.xdp(syn);
  Packet spoofed = from_pod();
  spoofed.flags = kSyn | kAck;
  spoofed.seq = 100;
  bed.xdp(spoofed);
  Packet ack = from_client(at.node, kHostPort);
  ack.flags = kAck;
  ack.ack = 101;
  bed.xdp(ack);
  EXPECT_EQ(bed.flows(), 0u);
}

TEST_P(LocalBackend, OtherEgressTrafficIsByteIdentical) {
  expose();
  Packet other = from_pod();
  other.flags = kAck;
  other.sport = 1;
  EXPECT_FRAME(bed.egress(other).frame, other);
  other.vlans = {7};
  EXPECT_FRAME(bed.egress(other).frame, other);
}

TEST_P(LocalBackend, I11_SecondFrontendToTheSameBackendTakesAnotherPort) {
  const auto service = expose();
  bed.add_frontend(at.vip, 80, Protocol::tcp, service);
  Packet first = from_client(at.node, kHostPort);
  first.flags = kSyn;
  EXPECT_FRAME(bed.xdp(first).frame, translated(first));
  Packet second = from_client(at.vip, 80);
  second.flags = kSyn;
  bed.counts();
  const auto out = bed.xdp(second);
  EXPECT_EQ(out.action, XDP_PASS);
  Packet want = translated(second);
  want.sport = source_port(out.frame);
  EXPECT_NE(want.sport, 40000);
  EXPECT_FRAME(out.frame, want);
  EXPECT_EQ(bed.counts(), (Counts{{"flow-new", 1}, {"snat-clash", 1}}));
  Packet reply = from_pod();
  reply.flags = kSyn | kAck;
  reply.dport = want.sport;
  Packet back = reply;
  back.src = at.vip;
  back.sport = 80;
  back.dport = 40000;
  EXPECT_FRAME(bed.egress(reply).frame, back);
}

}  // namespace
}  // namespace sp::test
