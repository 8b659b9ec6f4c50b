// SPDX-License-Identifier: Apache-2.0
// I7: what is not ours leaves byte-identical, whatever it is and wherever it is cut off.
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "../harness/testbed.h"
#include "maps/filter.h"

namespace sp::test {
namespace {

constexpr std::uint16_t kPort = 30000;

class NotOurs : public PacketTest {
 protected:
  void SetUp() override {
    PacketTest::SetUp();
    const auto service = bed.add_service({{at.remote_pod, 80}});
    bed.add_frontend(at.node, kPort, Protocol::tcp, service, SP_FRONTEND_NODE_ADDR);
  }
  void expect_pass(const Bytes& frame, const std::string& reason) {
    const auto out = bed.xdp(frame);
    EXPECT_EQ(out.action, XDP_PASS);
    EXPECT_EQ(dump(out.frame), dump(frame));
    EXPECT_EQ(bed.counts(), (Counts{{reason, 1}}));
  }
  [[nodiscard]] Packet syn() const {
    Packet packet = from_client(at.node, kPort);
    packet.flags = kSyn;
    return packet;
  }
  [[nodiscard]] std::size_t l3_size() const { return GetParam() == Family::v4 ? 20 : 40; }
};
SP_BOTH_FAMILIES(NotOurs);

TEST_P(NotOurs, OtherPort) {
  Packet packet = syn();
  packet.dport++;
  expect_pass(packet.bytes(), "pass-not-ours");
}

TEST_P(NotOurs, OtherAddress) {
  Packet packet = syn();
  packet.dst = at.client;
  expect_pass(packet.bytes(), "pass-not-ours");
}

TEST_P(NotOurs, SamePortOfAnotherProtocol) {
  Packet packet = syn();
  packet.protocol = Protocol::udp;
  expect_pass(packet.bytes(), "pass-not-ours");
}

// A set bit of the filter costs lookups and changes nothing.
TEST_P(NotOurs, NoFlowAndNoFrontendWhateverTheFilterSays) {
  Packet segment = syn();
  segment.flags = kAck;
  segment.dport++;
  Packet datagram = segment;
  datagram.protocol = Protocol::udp;
  for (const std::uint64_t word : {std::uint64_t{0}, ~std::uint64_t{0}}) {
    for (std::uint32_t row = 0; row < SP_FILTER_WORDS; ++row)
      ASSERT_EQ(bpf_map_update_elem(bpf_map__fd(bed.bpf().maps.sp_filter), &row, &word, BPF_ANY), 0);
    expect_pass(segment.bytes(), "pass-not-ours");
    expect_pass(datagram.bytes(), "pass-not-ours");
  }
}

TEST_P(NotOurs, OtherProtocol) {
  Bytes frame = syn().bytes();
  frame[GetParam() == Family::v4 ? 14 + 9 : 14 + 6] = 132;  // SCTP
  expect_pass(frame, "pass-protocol");                      // SP_PASS_PROTOCOL
}

TEST_P(NotOurs, Fragment) {
  Packet packet = syn();
  Bytes frame;
  if (GetParam() == Family::v4) {
    packet.fragment = 0x2000;
    frame = packet.bytes();
  } else {
    packet.ext_headers = {0, 0, 0, 1, 0, 0, 0, 1};
    frame = packet.bytes();
    frame[14 + 6] = 44;  // the extension header becomes a fragment header
  }
  expect_pass(frame, "pass-fragment");  // SP_PASS_FRAGMENT
}

TEST_P(NotOurs, EveryTruncatedHeader) {
  const Bytes whole = syn().bytes();
  for (std::size_t size = 15; size < 14 + l3_size() + 20; ++size) {
    SCOPED_TRACE(size);
    expect_pass(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), "pass-malformed");
  }  // SP_PASS_MALFORMED
}

TEST_P(NotOurs, LengthFieldBeyondTheFrame) {
  Bytes frame = syn().bytes();
  store16(frame, GetParam() == Family::v4 ? 14 + 2 : 14 + 4, 1000);
  expect_pass(frame, "pass-malformed");
}

TEST_P(NotOurs, WrongIpVersion) {
  Bytes frame = syn().bytes();
  frame[14] = static_cast<std::uint8_t>(frame[14] ^ 0xf0);
  expect_pass(frame, "pass-malformed");
}

TEST_P(NotOurs, Arp) {
  Bytes frame = syn().bytes();
  frame[12] = 0x08;
  frame[13] = 0x06;
  expect_pass(frame, "pass-not-ip");  // SP_PASS_NOT_IP
}

TEST_P(NotOurs, ThreeTags) {
  Packet packet = syn();
  packet.vlans = {1, 2, 3};
  expect_pass(packet.bytes(), "pass-not-ip");
}

TEST_P(NotOurs, PaddedFrameIsOurs) {
  Bytes frame = syn().bytes();
  frame.resize(frame.size() + 6);
  EXPECT_EQ(bed.xdp(frame).action, XDP_TX);
}

}  // namespace
}  // namespace sp::test
