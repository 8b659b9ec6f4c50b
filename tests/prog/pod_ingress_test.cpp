// SPDX-License-Identifier: Apache-2.0
// What a Pod sends, at tc ingress of its device: whose rows it gets, what the backend sees, and what is refused.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../harness/inside_client.h"
#include "maps/device.h"

namespace sp::test {
namespace {

using PodIngress = InsideTest;
SP_BOTH_FAMILIES(PodIngress);

TEST_P(PodIngress, TheSourceIsKeptAndTheStackRoutes) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    const auto service = expose(at.remote_pod, SP_SCOPE_POD, protocol);
    const Packet request = from_pod(protocol);
    const std::uint64_t before = bed.service_packets(service.id);
    const auto out = bed.pod_ingress(request);
    EXPECT_EQ(out.action, TC_ACT_OK);
    EXPECT_FRAME(out.frame, to_backend(request, at.remote_pod));
    EXPECT_EQ(bed.counts(), (Counts{{"flow-new", 1}}));
    EXPECT_EQ(bed.service_packets(service.id), before + 1);
  }
  EXPECT_EQ(bed.embryos(), 4U);
}

TEST_P(PodIngress, ADatagramWithoutChecksumStaysWithout) {
  expose(at.remote_pod, SP_SCOPE_POD, Protocol::udp);
  Packet request = from_pod(Protocol::udp);
  request.no_checksum = true;
  EXPECT_FRAME(bed.pod_ingress(request).frame, to_backend(request, at.remote_pod));
}

TEST_P(PodIngress, TagsAndOptionsStay) {
  expose(at.remote_pod, SP_SCOPE_POD);
  Packet request = from_pod();
  request.vlans = {7};
  if (GetParam() == Family::v4)
    request.ip_options = {1, 1, 1, 0};
  else
    request.ext_headers = {0, 0, 1, 4, 0, 0, 0, 0};
  EXPECT_FRAME(bed.pod_ingress(request).frame, to_backend(request, at.remote_pod));
}

TEST_P(PodIngress, R055_APodThatGetsItselfSeesTheNode) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    expose(at.pod, SP_SCOPE_POD, protocol);
    const Packet request = from_pod(protocol);
    const auto out = bed.pod_ingress(request);
    EXPECT_EQ(out.action, TC_ACT_REDIRECT);
    const Packet want = masqueraded(request, at.pod, at.gateway, source_port(out.frame));
    EXPECT_FRAME(out.frame, want);
    Packet reply = reply_to(want);
    reply.eth_src = Mac{0x0b};
    reply.eth_dst = Mac{0x21};
    const auto back = bed.pod_ingress(reply);
    EXPECT_EQ(back.action, TC_ACT_REDIRECT);
    reply.ttl--;
    EXPECT_FRAME(back.frame, from_frontend(reply, request));
  }
}

TEST_P(PodIngress, R054_WithoutKeepSourceEveryBackendSeesTheNode) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    expose(at.remote_pod, SP_SCOPE_POD, protocol, SP_FRONTEND_PACKETS);
    const Packet request = from_pod(protocol);
    const auto out = bed.pod_ingress(request);
    EXPECT_EQ(out.action, TC_ACT_REDIRECT);
    EXPECT_FRAME(out.frame, masqueraded(request, at.remote_pod, at.node, source_port(out.frame)));
  }
  bed.clear();
  expose(at.local_pod, SP_SCOPE_POD, Protocol::tcp, SP_FRONTEND_PACKETS);
  const auto out = bed.pod_ingress(from_pod());
  EXPECT_EQ(out.action, TC_ACT_REDIRECT);
  EXPECT_FRAME(out.frame, masqueraded(from_pod(), at.local_pod, at.gateway, source_port(out.frame)));
}

TEST_P(PodIngress, R054_AProcessOfTheNodeSeesThePodWithoutKeepSourceToo) {
  const auto service = expose(at.node, SP_SCOPE_POD, Protocol::tcp, SP_FRONTEND_PACKETS);
  auto row = bed.backend(service.backends.at(0));
  row.flags |= SP_BACKEND_LOCAL;
  bed.set_backend(service.backends.at(0), row);
  const auto out = bed.pod_ingress(from_pod());
  EXPECT_EQ(out.action, TC_ACT_OK);
  EXPECT_FRAME(out.frame, to_backend(from_pod(), at.node));
  const Packet reply = reply_to(to_backend(from_pod(), at.node));
  EXPECT_FRAME(bed.pod_egress(reply).frame, from_frontend(reply, from_pod()));
}

TEST_P(PodIngress, ADeviceThatIsNotOursLendsTheAddressOfThePodsDevice) {
  expose(at.remote_pod, SP_SCOPE_POD, Protocol::tcp, 0);
  bed.remove_device(bed.ext0());
  const auto out = bed.pod_ingress(from_pod());
  EXPECT_EQ(out.action, TC_ACT_REDIRECT);
  EXPECT_FRAME(out.frame, masqueraded(from_pod(), at.remote_pod, at.gateway, source_port(out.frame)));
  bed.remove_device(bed.pod0());
  bed.set_pod_network(at.pod, 24);
  Packet other = from_pod();
  other.sport++;
  bed.counts();
  EXPECT_EQ(bed.pod_ingress(other).action, TC_ACT_SHOT);
  EXPECT_EQ(bed.counts(), (Counts{{"drop-no-snat-addr", 1}}));
}

TEST_P(PodIngress, WhoIsNoPodGetsTheRowsOfTheOutside) {
  bed.set_device(bed.pod0(), SP_DEVICE_HAS_SNAT4 | SP_DEVICE_HAS_SNAT6);
  expose(at.remote_pod, SP_SCOPE_EXTERNAL, Protocol::tcp, 0);
  const auto remote = bed.pod_ingress(from_pod());
  EXPECT_EQ(remote.action, TC_ACT_REDIRECT);
  EXPECT_FRAME(remote.frame, masqueraded(from_pod(), at.remote_pod, at.node, source_port(remote.frame)));
  expose(at.local_pod, SP_SCOPE_EXTERNAL, Protocol::udp, 0);
  const auto local = bed.pod_ingress(from_pod(Protocol::udp));
  EXPECT_EQ(local.action, TC_ACT_OK);
  EXPECT_FRAME(local.frame, to_backend(from_pod(Protocol::udp), at.local_pod));
}

TEST_P(PodIngress, R058_AnAddressOfThePodNetworkIsAPodsWhateverItsDevice) {
  bed.set_device(bed.pod0(), 0);
  bed.set_pod_network(at.pod, GetParam() == Family::v4 ? 24 : 64);
  expose(at.remote_pod, SP_SCOPE_POD);
  EXPECT_EQ(bed.pod_ingress(from_pod()).action, TC_ACT_OK);
  Packet stranger = from_pod();
  stranger.src = at.client;
  bed.counts();
  EXPECT_EQ(bed.pod_ingress(stranger).action, TC_ACT_OK);
  EXPECT_EQ(bed.counts(), (Counts{{"pass-not-ours", 1}}));
}

TEST_P(PodIngress, WhatTheNodeSendsOnHasOneHopLessAndMustFit) {
  expose(at.remote_pod, SP_SCOPE_POD, Protocol::tcp, 0);
  Packet request = from_pod();
  request.ttl = 1;
  EXPECT_EQ(bed.pod_ingress(request).action, TC_ACT_SHOT);
  EXPECT_EQ(bed.counts().count("drop-ttl"), 1U);
  request.ttl = 64;
  request.payload = std::string(1600, 'x');
  EXPECT_EQ(bed.pod_ingress(request).action, TC_ACT_SHOT);
  EXPECT_EQ(bed.counts().count("drop-too-big"), 1U);
  Packet first = request;
  first.sport++;
  EXPECT_EQ(bed.pod_ingress(first).action, TC_ACT_SHOT);
  EXPECT_EQ(bed.counts().count("drop-too-big"), 1U) << "of a flow that is not known yet";
  EXPECT_EQ(bed.pod_ingress(request.bytes(), 1400).action, TC_ACT_REDIRECT) << "to be cut to size by its device";
}

TEST_P(PodIngress, I5_UdpLeavesADeadBackendWithTheNextPacket) {
  const auto service = expose(at.remote_pod, SP_SCOPE_POD, Protocol::udp);
  const Packet request = from_pod(Protocol::udp);
  bed.pod_ingress(request);
  EXPECT_FRAME(bed.pod_egress(reply_to(to_backend(request, at.remote_pod))).frame,
               from_frontend(reply_to(to_backend(request, at.remote_pod)), request));
  ASSERT_EQ(bed.flows(), 2U);
  auto row = bed.backend(service.backends.at(0));
  row.generation++;
  row.addr = at.far_pod.raw();
  bed.set_backend(service.backends.at(0), row);
  EXPECT_FRAME(bed.pod_ingress(request).frame, to_backend(request, at.far_pod));
  EXPECT_EQ(bed.flows(), 0U);
  EXPECT_EQ(bed.embryos(), 2U);
}

TEST_P(PodIngress, R067_SourceOutsideTheRangesIsDropped) {
  expose(at.remote_pod, SP_SCOPE_POD, Protocol::tcp, SP_FRONTEND_KEEP_SOURCE | SP_FRONTEND_SOURCE_RANGES);
  EXPECT_EQ(bed.pod_ingress(from_pod()).action, TC_ACT_SHOT);
  EXPECT_EQ(bed.counts(), (Counts{{"drop-source-range", 1}}));
}

TEST_P(PodIngress, R060_WithoutBackendTheSenderIsTold) {
  const auto empty = bed.add_service({});
  bed.add_frontend(at.vip, kServicePort, Protocol::tcp, empty, 0, SP_SCOPE_POD);
  bed.add_frontend(at.vip, kServicePort, Protocol::udp, empty, 0, SP_SCOPE_POD);
  for (const std::size_t size : {0, 1, 8, 999}) {
    Packet syn = from_pod();
    syn.payload = std::string(size, 'x');
    const auto out = bed.pod_ingress(syn);
    EXPECT_EQ(out.action, TC_ACT_REDIRECT);
    EXPECT_FRAME(out.frame, reset(syn));
    Packet query = from_pod(Protocol::udp);
    query.payload = std::string(size, 'x');
    const auto answer = bed.pod_ingress(query);
    EXPECT_EQ(answer.action, TC_ACT_REDIRECT);
    EXPECT_EQ(dump(answer.frame), dump(unreachable(query)));
    EXPECT_EQ(bed.counts(), (Counts{{"reject-no-backend", 2}}));
  }
}

TEST_P(PodIngress, AnswersQuoteOptionsAndHaveNone) {
  const auto empty = bed.add_service({});
  bed.add_frontend(at.vip, kServicePort, Protocol::tcp, empty, 0, SP_SCOPE_POD);
  bed.add_frontend(at.vip, kServicePort, Protocol::udp, empty, 0, SP_SCOPE_POD);
  for (Packet packet : {from_pod(), from_pod(Protocol::udp)}) {
    if (GetParam() == Family::v4)
      packet.ip_options = {1, 1, 1, 0};
    else
      packet.ext_headers = {0, 0, 1, 4, 0, 0, 0, 0};
    const Bytes want = packet.protocol == Protocol::tcp ? reset(packet).bytes() : unreachable(packet);
    EXPECT_EQ(dump(bed.pod_ingress(packet).frame), dump(want));
  }
}

TEST_P(PodIngress, R062_PolicyLocalWithoutLocalBackendIsSilent) {
  const auto service = bed.add_service({}, SP_SERVICE_DROP_EMPTY);
  bed.add_frontend(at.vip, kServicePort, Protocol::tcp, service, 0, SP_SCOPE_POD);
  EXPECT_EQ(bed.pod_ingress(from_pod()).action, TC_ACT_SHOT);
  EXPECT_EQ(bed.counts(), (Counts{{"drop-no-local-backend", 1}}));
}

TEST_P(PodIngress, UnknownSegmentsAreResetOrLeftToTheNode) {
  const auto service = expose(at.remote_pod, SP_SCOPE_POD);
  bed.add_frontend(at.node, kServicePort, Protocol::tcp, service, SP_FRONTEND_NODE_ADDR, SP_SCOPE_POD);
  Packet segment = from_pod();
  segment.flags = kAck;
  segment.ack = 77;
  Packet want = turned(segment);
  want.flags = kRst;
  want.seq = 77;
  const auto out = bed.pod_ingress(segment);
  EXPECT_EQ(out.action, TC_ACT_REDIRECT);
  EXPECT_FRAME(out.frame, want);
  segment.dst = at.node;
  EXPECT_FRAME(bed.pod_ingress(segment).frame, segment);
  EXPECT_EQ(bed.counts(), (Counts{{"pass-unknown-tcp", 1}, {"reject-unknown-tcp", 1}}));
}

TEST_P(PodIngress, I7_WhatIsNotOursIsByteIdentical) {
  expose(at.remote_pod, SP_SCOPE_POD);
  Packet packet = from_pod();
  packet.dport++;
  EXPECT_EQ(dump(bed.pod_ingress(packet).frame), dump(packet.bytes()));
  EXPECT_EQ(bed.counts(), (Counts{{"pass-not-ours", 1}}));
  Bytes sctp = from_pod().bytes();
  sctp[GetParam() == Family::v4 ? 14 + 9 : 14 + 6] = 132;
  EXPECT_EQ(dump(bed.pod_ingress(sctp).frame), dump(sctp));
  EXPECT_EQ(bed.counts(), (Counts{{"pass-protocol", 1}}));
  Bytes arp = from_pod().bytes();
  arp[12] = 0x08;
  arp[13] = 0x06;
  EXPECT_EQ(dump(bed.pod_ingress(arp).frame), dump(arp));
  EXPECT_EQ(bed.counts(), (Counts{{"pass-not-ip", 1}}));
  const Bytes whole = from_pod().bytes();
  for (std::size_t size = 14 + 40; size < 14 + (GetParam() == Family::v4 ? 20 : 40) + 20; ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto out = bed.pod_ingress(cut);
    EXPECT_EQ(out.action, TC_ACT_OK);
    EXPECT_EQ(dump(out.frame), dump(cut));
    EXPECT_EQ(bed.counts(), (Counts{{"pass-malformed", 1}}));
  }
}

}  // namespace
}  // namespace sp::test
