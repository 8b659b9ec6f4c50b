// SPDX-License-Identifier: Apache-2.0
// What a process of the node sends to a frontend that no socket hook saw: translated where it leaves, its replies where
// they come in.
#include "../harness/inside_client.h"

namespace sp::test {
namespace {

class HostEgress : public InsideTest {
 protected:
  // Kept, since the process has an address of the node already; one hop, since the packet is routed again.
  [[nodiscard]] static Packet sent_on(const Packet& request, const Ip& backend) {
    Packet out = to_backend(request, backend);
    out.ttl--;
    return out;
  }
};
SP_BOTH_FAMILIES(HostEgress);

TEST_P(HostEgress, GoesToTheDeviceOfTheBackend) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    for (const Ip& backend : {at.remote_pod, at.far_pod, at.local_pod, at.silent_pod}) {
      bed.clear();
      expose(backend, SP_SCOPE_HOST, protocol);
      const auto out = bed.egress(from_node(protocol));
      EXPECT_EQ(out.action, TC_ACT_REDIRECT);
      EXPECT_FRAME(out.frame, sent_on(from_node(protocol), backend));
      EXPECT_EQ(bed.counts().at("flow-new"), 1U);
    }
  }
}

TEST_P(HostEgress, TheReplyFromOutsideIsTranslatedByXdpForTheStack) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    expose(at.remote_pod, SP_SCOPE_HOST, protocol);
    bed.egress(from_node(protocol));
    const Packet reply = reply_to(to_backend(from_node(protocol), at.remote_pod));
    const auto out = bed.xdp(reply);
    EXPECT_EQ(out.action, XDP_PASS);
    EXPECT_EQ(out.metadata.size(), 0U);
    EXPECT_FRAME(out.frame, from_frontend(reply, from_node(protocol)));
  }
}

TEST_P(HostEgress, TheReplyOfABackendHereIsTranslatedAtItsDeviceForTheStack) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    expose(at.local_pod, SP_SCOPE_HOST, protocol);
    bed.egress(from_node(protocol));
    const Packet reply = reply_to(to_backend(from_node(protocol), at.local_pod));
    const auto out = bed.pod_ingress(reply);
    Bytes delivered = from_frontend(reply, from_node(protocol)).bytes();
    // By way of loopback, out of reach of rp_filter, which IPv6 does not have.
    if (GetParam() == Family::v4) std::fill_n(delivered.begin(), 6, std::uint8_t{0});
    EXPECT_EQ(out.action, GetParam() == Family::v4 ? TC_ACT_REDIRECT : TC_ACT_OK);
    EXPECT_EQ(dump(out.frame), dump(delivered));
  }
}

TEST_P(HostEgress, TheHandshakePromotes) {
  expose(at.remote_pod, SP_SCOPE_HOST);
  bed.egress(from_node());
  bed.xdp(reply_to(to_backend(from_node(), at.remote_pod)));
  const Packet ack = ack_of(from_node());
  bed.counts();
  EXPECT_FRAME(bed.egress(ack).frame, sent_on(ack, at.remote_pod));
  EXPECT_EQ(bed.counts(), (Counts{{"flow-promoted", 1}}));
  EXPECT_EQ(bed.flows(), 2U);
  EXPECT_FRAME(bed.egress(ack).frame, sent_on(ack, at.remote_pod));
  EXPECT_EQ(bed.counts(), Counts{});
}

TEST_P(HostEgress, TheTupleOfTheNodeIsAStrangersEverywhereElse) {
  expose(at.remote_pod, SP_SCOPE_HOST, Protocol::udp);
  const Packet request = from_node(Protocol::udp);
  bed.egress(request);
  for (int round = 0; round < 2; ++round) {
    bed.counts();
    EXPECT_FRAME(bed.xdp(request).frame, request);
    EXPECT_FRAME(bed.pod_ingress(request).frame, request);
    EXPECT_EQ(bed.counts(), (Counts{{"pass-not-ours", 2}}));
    // From now on the pair is in the flow table.
    bed.xdp(reply_to(to_backend(request, at.remote_pod)));
    ASSERT_EQ(bed.flows(), 2U);
  }
}

TEST_P(HostEgress, OtherScopesHaveOtherRows) {
  expose(at.remote_pod, SP_SCOPE_POD);
  expose(at.remote_pod, SP_SCOPE_EXTERNAL);
  const auto out = bed.egress(from_node());
  EXPECT_EQ(out.action, TC_ACT_OK);
  EXPECT_FRAME(out.frame, from_node());
  EXPECT_EQ(bed.counts(), Counts{});
}

TEST_P(HostEgress, SegmentsOfUnknownConnectionsAreTheStacks) {
  expose(at.remote_pod, SP_SCOPE_HOST);
  for (const int flags : {int{kAck}, int{kRst}, kSyn | kAck, kFin | kAck}) {
    Packet segment = from_node();
    segment.flags = static_cast<std::uint8_t>(flags);
    const auto out = bed.egress(segment);
    EXPECT_EQ(out.action, TC_ACT_OK);
    EXPECT_FRAME(out.frame, segment);
  }
  EXPECT_EQ(bed.counts(), Counts{});
}

TEST_P(HostEgress, R060_WithoutBackendTheSenderIsTold) {
  const auto empty = bed.add_service({});
  bed.add_frontend(at.vip, kServicePort, Protocol::tcp, empty, 0, SP_SCOPE_HOST);
  bed.add_frontend(at.vip, kServicePort, Protocol::udp, empty, 0, SP_SCOPE_HOST);
  const auto answer = bed.egress(from_node());
  EXPECT_EQ(answer.action, TC_ACT_REDIRECT);
  EXPECT_FRAME(answer.frame, reset(from_node()));
  const auto unheard = bed.egress(from_node(Protocol::udp));
  EXPECT_EQ(unheard.action, TC_ACT_REDIRECT);
  EXPECT_EQ(dump(unheard.frame), dump(unreachable(from_node(Protocol::udp))));
  EXPECT_EQ(bed.counts(), (Counts{{"reject-no-backend", 2}}));
}

TEST_P(HostEgress, R061_PolicyLocalWithoutLocalBackendIsSilent) {
  const auto service = bed.add_service({}, SP_SERVICE_DROP_EMPTY);
  bed.add_frontend(at.vip, kServicePort, Protocol::udp, service, 0, SP_SCOPE_HOST);
  EXPECT_EQ(bed.egress(from_node(Protocol::udp)).action, TC_ACT_SHOT);
  EXPECT_EQ(bed.counts(), (Counts{{"drop-no-local-backend", 1}}));
}

TEST_P(HostEgress, WithoutARouteToTheBackendItIsDropped) {
  expose(at.lost_pod, SP_SCOPE_HOST);
  EXPECT_EQ(bed.egress(from_node()).action, TC_ACT_SHOT);
  EXPECT_EQ(bed.counts(), (Counts{{"drop-no-route", 1}}));
  EXPECT_EQ(bed.embryos(), 0U);
}

TEST_P(HostEgress, I5_UdpLeavesADeadBackendWithTheNextPacket) {
  const auto service = expose(at.remote_pod, SP_SCOPE_HOST, Protocol::udp);
  const Packet request = from_node(Protocol::udp);
  bed.egress(request);
  bed.xdp(reply_to(to_backend(request, at.remote_pod)));
  ASSERT_EQ(bed.flows(), 2U);
  auto row = bed.backend(service.backends.at(0));
  row.generation++;
  row.addr = at.far_pod.raw();
  bed.set_backend(service.backends.at(0), row);
  EXPECT_FRAME(bed.egress(request).frame, sent_on(request, at.far_pod));
  EXPECT_EQ(bed.flows(), 0U);
}

}  // namespace
}  // namespace sp::test
