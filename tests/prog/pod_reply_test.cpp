// SPDX-License-Identifier: Apache-2.0
// Replies to Pods: translated once, at the place that the pair says, and by nobody else (I9).
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../harness/inside_client.h"
#include "maps/flow.h"

namespace sp::test {
namespace {

class PodReply : public InsideTest {
 protected:
  // Opens a flow of the Pod; returns what its backend gets.
  Packet open(const Ip& backend, Protocol protocol, std::uint16_t flags = SP_FRONTEND_KEEP_SOURCE) {
    expose(backend, SP_SCOPE_POD, protocol, flags);
    const auto out = bed.pod_ingress(from_pod(protocol));
    bed.counts();
    if ((flags & SP_FRONTEND_KEEP_SOURCE) != 0) return to_backend(from_pod(protocol), backend);
    return masqueraded(from_pod(protocol), backend, at.node, source_port(out.frame));
  }
};
SP_BOTH_FAMILIES(PodReply);

TEST_P(PodReply, GetsItsFrontendBackOnTheWayToThePod) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    const Packet reply = reply_to(open(at.remote_pod, protocol));
    const auto out = bed.pod_egress(reply);
    EXPECT_EQ(out.action, TC_ACT_OK);
    EXPECT_FRAME(out.frame, from_frontend(reply, from_pod(protocol)));
  }
}

TEST_P(PodReply, PassesWhereItComesInUntouched) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    const Packet reply = reply_to(open(at.remote_pod, protocol));
    const auto outside = bed.xdp(reply);
    EXPECT_EQ(outside.action, XDP_PASS);
    EXPECT_FRAME(outside.frame, reply);
    const auto inside = bed.pod_ingress(reply);
    EXPECT_EQ(inside.action, TC_ACT_OK);
    EXPECT_FRAME(inside.frame, reply);
    EXPECT_EQ(bed.counts(), (Counts{{"pass-not-ours", 2}}));
  }
  EXPECT_EQ(bed.flows(), 0U) << "a UDP reply counts where it is translated";
}

TEST_P(PodReply, TheHandshakePromotesAndBothDirectionsGoOn) {
  const Packet request = open(at.remote_pod, Protocol::tcp);
  bed.pod_egress(reply_to(request));
  const Packet ack = ack_of(from_pod());
  EXPECT_FRAME(bed.pod_ingress(ack).frame, to_backend(ack, at.remote_pod));
  EXPECT_EQ(bed.counts(), (Counts{{"flow-promoted", 1}}));
  EXPECT_EQ(bed.flows(), 2U);
  EXPECT_EQ(bed.embryos(), 0U);
  Packet data = ack;
  data.payload = "more";
  EXPECT_FRAME(bed.pod_ingress(data).frame, to_backend(data, at.remote_pod));
  Packet answer = reply_to(request);
  answer.flags = kAck;
  EXPECT_FRAME(bed.pod_egress(answer).frame, from_frontend(answer, from_pod()));
  EXPECT_EQ(bed.counts(), Counts{});
}

// The client dialled the Service first, then its backend itself, from one port.
TEST_P(PodReply, AConnectionPastUsForgetsAnEndedOneWithItsTuple) {
  const Packet request = open(at.remote_pod, Protocol::tcp);
  bed.pod_egress(reply_to(request));
  bed.pod_ingress(ack_of(from_pod()));
  const Packet direct = to_backend(from_pod(), at.remote_pod);
  bed.pod_ingress(direct);
  EXPECT_EQ(bed.flows(), 2U) << "the first one has not ended";
  Packet fin = ack_of(from_pod());
  fin.flags = kFin | kAck;
  bed.pod_ingress(fin);
  Packet answer = reply_to(request);
  answer.flags = kFin | kAck;
  bed.pod_egress(answer);
  EXPECT_FRAME(bed.pod_ingress(direct).frame, direct);
  EXPECT_EQ(bed.flows(), 0U);
  EXPECT_FRAME(bed.pod_egress(reply_to(direct)).frame, reply_to(direct));
}

TEST_P(PodReply, I4_ASpoofedSynAckFromOutsideOrAPodPlantsNothing) {
  const Packet spoofed = reply_to(open(at.remote_pod, Protocol::tcp));
  bed.xdp(spoofed);
  bed.pod_ingress(spoofed);
  bed.pod_ingress(ack_of(from_pod()));
  EXPECT_EQ(bed.flows(), 0U);
}

TEST_P(PodReply, ARequestFromOutsideWithThePodsTupleIsAStranger) {
  open(at.remote_pod, Protocol::udp);
  const Packet spoofed = from_pod(Protocol::udp);
  EXPECT_FRAME(bed.xdp(spoofed).frame, spoofed);
  EXPECT_EQ(bed.counts(), (Counts{{"pass-not-ours", 1}}));
  bed.pod_egress(reply_to(to_backend(spoofed, at.remote_pod)));
  ASSERT_EQ(bed.flows(), 2U);
  const auto out = bed.xdp(spoofed);
  EXPECT_EQ(out.action, XDP_PASS);
  EXPECT_FRAME(out.frame, spoofed);
}

TEST_P(PodReply, ToAnAddressOfTheNodeIsTranslatedWhereItComesIn) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    const Packet reply = reply_to(open(at.remote_pod, protocol, 0));
    Packet want = from_frontend(reply, from_pod(protocol));
    want.ttl--;
    // pod0 cannot be transmitted to by XDP: the kernel sends it, as META_MAGIC asks (bpf/meta.h).
    const auto out = bed.xdp(reply);
    EXPECT_EQ(out.action, XDP_PASS);
    EXPECT_FRAME(out.frame, want);
    ASSERT_EQ(out.metadata.size(), 8U);
    EXPECT_EQ(out.metadata[4], bed.pod0());
  }
}

TEST_P(PodReply, OfABackendHereToAnAddressOfTheNodeIsTranslatedAtItsDevice) {
  expose(at.local_pod, SP_SCOPE_POD, Protocol::tcp, 0);
  const auto request = bed.pod_ingress(from_pod());
  Packet reply = reply_to(masqueraded(from_pod(), at.local_pod, at.gateway, source_port(request.frame)));
  const auto out = bed.pod_ingress(reply);
  EXPECT_EQ(out.action, TC_ACT_REDIRECT);
  reply.ttl--;
  EXPECT_FRAME(out.frame, from_frontend(reply, from_pod()));
}

TEST_P(PodReply, OfARemoteBackendToTheOutsideMayComeInByAPodsDevice) {
  const auto service = bed.add_service({{at.remote_pod, kEndpointPort}});
  bed.add_frontend(at.vip, kServicePort, Protocol::udp, service);
  Packet request = from_client(at.vip, kServicePort, Protocol::udp);
  const auto there = bed.xdp(request);
  Packet reply = reply_to(masqueraded(request, at.remote_pod, at.node, source_port(there.frame)));
  const auto out = bed.pod_ingress(reply);
  EXPECT_EQ(out.action, TC_ACT_REDIRECT);
  reply.ttl--;
  EXPECT_FRAME(out.frame, from_frontend(reply, request));
}

TEST_P(PodReply, I8_AZeroChecksumStaysZero) {
  Packet reply = reply_to(open(at.remote_pod, Protocol::udp));
  reply.no_checksum = true;
  EXPECT_FRAME(bed.pod_egress(reply).frame, from_frontend(reply, from_pod(Protocol::udp)));
}

TEST_P(PodReply, I3_AMissingReplyHalfIsMadeAnewAsItWas) {
  const Packet request = open(at.remote_pod, Protocol::tcp);
  const Packet reply = reply_to(request);
  // The key of the reply half is the reply's own tuple.
  if (GetParam() == Family::v4) {
    const sp_flow4_key key{reply.src.raw().w[3],
                           reply.dst.raw().w[3],
                           Be16::from_host(reply.sport).raw,
                           Be16::from_host(reply.dport).raw,
                           SP_PROTO_TCP,
                           {}};
    ASSERT_EQ(bpf_map_delete_elem(bpf_map__fd(bed.bpf().maps.sp_embryos4), &key), 0);
  } else {
    sp_flow6_key key{};
    std::copy_n(reply.src.raw().w, 4, key.saddr);
    std::copy_n(reply.dst.raw().w, 4, key.daddr);
    key.sport = Be16::from_host(reply.sport).raw;
    key.dport = Be16::from_host(reply.dport).raw;
    key.proto = SP_PROTO_TCP;
    ASSERT_EQ(bpf_map_delete_elem(bpf_map__fd(bed.bpf().maps.sp_embryos6), &key), 0);
  }
  EXPECT_EQ(bed.pod_ingress(from_pod()).action, TC_ACT_OK);
  EXPECT_EQ(bed.counts(), (Counts{{"pair-repaired", 1}}));
  EXPECT_FRAME(bed.pod_egress(reply).frame, from_frontend(reply, from_pod()));
}

TEST_P(PodReply, I11_TwoFrontendsOfOneBackendShareNoTuple) {
  const Packet first = open(at.remote_pod, Protocol::tcp);
  const auto service = bed.add_service({{at.remote_pod, kEndpointPort}});
  bed.add_frontend(at.node, kServicePort, Protocol::tcp, service, SP_FRONTEND_KEEP_SOURCE, SP_SCOPE_POD);
  Packet second = from_pod();
  second.dst = at.node;
  const auto out = bed.pod_ingress(second);
  Packet want = to_backend(second, at.remote_pod);
  want.sport = source_port(out.frame);
  EXPECT_NE(want.sport, first.sport);
  EXPECT_FRAME(out.frame, want);
  EXPECT_FRAME(bed.pod_egress(reply_to(want)).frame, from_frontend(reply_to(want), second));
  EXPECT_FRAME(bed.pod_egress(reply_to(first)).frame, from_frontend(reply_to(first), from_pod()));
}

TEST_P(PodReply, I7_OtherTrafficToThePodIsByteIdentical) {
  Packet other = reply_to(open(at.remote_pod, Protocol::tcp));
  other.sport++;
  EXPECT_FRAME(bed.pod_egress(other).frame, other);
  other.vlans = {7};
  EXPECT_FRAME(bed.pod_egress(other).frame, other);
  EXPECT_EQ(bed.counts(), Counts{});
}

}  // namespace
}  // namespace sp::test
