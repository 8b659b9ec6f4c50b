// SPDX-License-Identifier: Apache-2.0
// A connection on its way: sequence numbers out of every window, replies by other devices, and what a hop may change.
#include "../harness/remote_backend.h"

namespace sp::test {
namespace {

using Connection = RemoteBackendTest;
SP_BOTH_FAMILIES(Connection);

// DSCP 46 and ECT(0) in a frame without VLAN tags.
Bytes with_traffic_class(Bytes frame, Family family) {
  if (family == Family::v6) {
    frame[14] = 0x6b;
    frame[15] = static_cast<std::uint8_t>(0xa0 | (frame[15] & 0x0f));
    return frame;
  }
  frame[15] = 0xba;
  store16(frame, 24, 0);
  store16(frame, 24, checksum(Bytes(frame.begin() + 14, frame.begin() + 34)));
  return frame;
}

TEST_P(Connection, R088_SegmentsOutOfAnyWindowAreTranslatedLikeOthers) {
  expose();
  const std::uint16_t port = handshake();
  Packet data = from_client(at.node, kNodePort);
  Packet reply = from_backend(port);
  data.flags = reply.flags = kAck | kPsh;
  for (const std::uint32_t seq : {0u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
    data.seq = reply.seq = seq;
    data.ack = reply.ack = ~seq;
    data.window = reply.window = 0;
    EXPECT_FRAME(bed.xdp(data).frame, translated(data, port));
    EXPECT_FRAME(bed.xdp(reply).frame, untranslated(reply));
  }
}

TEST_P(Connection, R120_RepliesComeAndGoByAnyDevice) {
  expose(at.far_pod);
  Packet syn = from_client(at.node, kNodePort);
  syn.flags = kSyn;
  const auto out = bed.xdp(syn);
  EXPECT_EQ(out.action, XDP_REDIRECT);
  Packet synack;
  synack.eth_src = Mac{0x03};
  synack.eth_dst = Mac{0x11};
  synack.src = at.far_pod;
  synack.sport = kPodPort;
  synack.dst = at.node_ext1;
  synack.dport = source_port(out.frame);
  synack.flags = kSyn | kAck;
  EXPECT_FRAME(bed.xdp(synack, bed.ext1()).frame, untranslated(synack));
  EXPECT_FRAME(bed.xdp(synack, bed.ext0()).frame, untranslated(synack));
}

TEST_P(Connection, R122_IsOneHopAndKeepsTheTrafficClass) {
  expose();
  const std::uint16_t port = handshake();
  Packet data = from_client(at.node, kNodePort);
  data.flags = kAck;
  data.ttl = 9;
  const Bytes want = with_traffic_class(translated(data, port).bytes(), GetParam());
  const auto out = bed.xdp(with_traffic_class(data.bytes(), GetParam()));
  EXPECT_EQ(out.action, XDP_TX);
  EXPECT_EQ(out.frame, want) << "got" << dump(out.frame) << "\nwant" << dump(want);
  EXPECT_EQ(translated(data, port).ttl, 8);
}

}  // namespace
}  // namespace sp::test
