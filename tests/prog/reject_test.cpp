// SPDX-License-Identifier: Apache-2.0
// A service without endpoints answers at once: TCP reset, ICMP port unreachable; or it is silent where policy says so.
#include <linux/bpf.h>

#include "../harness/answers.h"
#include "../harness/testbed.h"

namespace sp::test {
namespace {

constexpr std::uint16_t kPort = 30000;

class Reject : public PacketTest {
 protected:
  void expose(std::uint32_t service_flags = 0, std::uint16_t frontend_flags = 0) {
    const auto service = bed.add_service({}, service_flags);
    bed.add_frontend(at.vip, kPort, Protocol::tcp, service, frontend_flags);
    bed.add_frontend(at.vip, kPort, Protocol::udp, service, frontend_flags);
  }
};
SP_BOTH_FAMILIES(Reject);

TEST_P(Reject, R060_SynWithoutBackendIsReset) {
  expose();
  Packet syn = from_client(at.vip, kPort);
  syn.flags = kSyn;
  syn.seq = 0xfffffffe;
  syn.payload = "abc";
  syn.vlans = {9};
  const Packet want = reset(syn);
  EXPECT_EQ(want.ack, 2U) << "sequence numbers wrap";
  const auto out = bed.xdp(syn);
  EXPECT_EQ(out.action, XDP_TX);
  EXPECT_FRAME(out.frame, want);
  EXPECT_EQ(bed.counts(), (Counts{{"reject-no-backend", 1}}));  // SP_REJECT_NO_BACKEND
}

TEST_P(Reject, SynWithOptionsIsResetWithoutThem) {
  expose();
  Packet syn = from_client(at.vip, kPort);
  syn.flags = kSyn;
  const Packet want = reset(syn);
  if (GetParam() == Family::v4)
    syn.ip_options = {1, 1, 1, 0};
  else
    syn.ext_headers = {0, 0, 1, 4, 0, 0, 0, 0};
  EXPECT_FRAME(bed.xdp(syn).frame, want);
}

TEST_P(Reject, R060_UdpWithoutBackendIsUnreachable) {
  expose();
  Packet query = from_client(at.vip, kPort, Protocol::udp);
  query.payload = std::string(300, 'x');
  const auto out = bed.xdp(query);
  EXPECT_EQ(out.action, XDP_TX);
  EXPECT_EQ(dump(out.frame), dump(unreachable(query)));
  EXPECT_EQ(bed.counts(), (Counts{{"reject-no-backend", 1}}));
}

TEST_P(Reject, UnreachableQuotesOptionsAndKeepsTags) {
  expose();
  Packet query = from_client(at.vip, kPort, Protocol::udp);
  query.vlans = {5, 6};
  query.payload = "x";
  if (GetParam() == Family::v4)
    query.ip_options = {1, 1, 1, 0};
  else
    query.ext_headers = {0, 0, 1, 4, 0, 0, 0, 0};
  EXPECT_EQ(dump(bed.xdp(query).frame), dump(unreachable(query)));
}

TEST_P(Reject, HeadersTooLongToQuoteDrop) {
  if (GetParam() == Family::v4) return;  // at most 60 + 8 bytes, which always fit
  expose();
  Packet query = from_client(at.vip, kPort, Protocol::udp);
  query.ext_headers = Bytes(96, 0);
  query.ext_headers[1] = 11;
  query.ext_headers[2] = 1;
  query.ext_headers[3] = 92;
  EXPECT_EQ(bed.xdp(query).action, XDP_DROP);
  EXPECT_EQ(bed.counts(), (Counts{{"drop-rewrite", 1}, {"reject-no-backend", 1}}));  // SP_DROP_REWRITE
}

TEST_P(Reject, R062_PolicyLocalWithoutLocalBackendIsSilent) {
  expose(SP_SERVICE_DROP_EMPTY);
  Packet syn = from_client(at.vip, kPort);
  syn.flags = kSyn;
  EXPECT_EQ(bed.xdp(syn).action, XDP_DROP);
  EXPECT_EQ(bed.counts(), (Counts{{"drop-no-local-backend", 1}}));  // SP_DROP_NO_LOCAL_BACKEND
}

TEST_P(Reject, UnknownSegmentToAVirtualAddressIsReset) {
  const auto service = bed.add_service({{at.remote_pod, 80}});
  bed.add_frontend(at.vip, kPort, Protocol::tcp, service);
  Packet segment = from_client(at.vip, kPort);
  segment.flags = kAck;
  segment.seq = 10;
  segment.ack = 77;
  Packet want = turned(segment);
  want.flags = kRst;
  want.seq = 77;
  const auto out = bed.xdp(segment);
  EXPECT_EQ(out.action, XDP_TX);
  EXPECT_FRAME(out.frame, want);
  EXPECT_EQ(bed.counts(), (Counts{{"reject-unknown-tcp", 1}}));  // SP_REJECT_UNKNOWN_TCP
  segment.flags = kRst;
  EXPECT_EQ(bed.xdp(segment).action, XDP_DROP);
  EXPECT_EQ(bed.counts(), (Counts{{"drop-unknown-rst", 1}}));  // SP_DROP_UNKNOWN_RST
}

// Where kube-proxy was before: conntrack still has the connection.
TEST_P(Reject, R111_UnknownSegmentToAVirtualAddressGoesToTheStackAfterATakeover) {
  const auto service = bed.add_service({{at.remote_pod, 80}});
  bed.add_frontend(at.vip, kPort, Protocol::tcp, service);
  sp_config_val config = bed.config();
  config.foreign_tcp_until_tick = ~0U;
  bed.set_config(config);
  Packet segment = from_client(at.vip, kPort);
  for (const int flags : {int{kAck}, int{kRst}, kSyn | kAck}) {
    segment.flags = static_cast<std::uint8_t>(flags);
    const auto out = bed.xdp(segment);
    EXPECT_EQ(out.action, XDP_PASS);
    EXPECT_FRAME(out.frame, segment);
    EXPECT_EQ(bed.counts(), (Counts{{"pass-foreign-tcp", 1}}));  // SP_PASS_FOREIGN_TCP
  }
  segment.flags = kSyn;
  EXPECT_EQ(bed.xdp(segment).action, XDP_TX) << "new connections are ours";
}

TEST_P(Reject, TheTimeAfterATakeoverEnds) {
  const auto service = bed.add_service({{at.remote_pod, 80}});
  bed.add_frontend(at.vip, kPort, Protocol::tcp, service);
  sp_config_val config = bed.config();
  config.foreign_tcp_until_tick = 1;
  bed.set_config(config);
  Packet segment = from_client(at.vip, kPort);
  segment.flags = kAck;
  EXPECT_EQ(bed.xdp(segment).action, XDP_TX);
  EXPECT_EQ(bed.counts(), (Counts{{"reject-unknown-tcp", 1}}));
}

TEST_P(Reject, UnknownSegmentToTheNodeGoesToTheStack) {
  const auto service = bed.add_service({{at.remote_pod, 80}});
  bed.add_frontend(at.node, kPort, Protocol::tcp, service, SP_FRONTEND_NODE_ADDR);
  Packet segment = from_client(at.node, kPort);
  segment.flags = kAck;
  const auto out = bed.xdp(segment);
  EXPECT_EQ(out.action, XDP_PASS);
  EXPECT_FRAME(out.frame, segment);
  EXPECT_EQ(bed.counts(), (Counts{{"pass-unknown-tcp", 1}}));  // SP_PASS_UNKNOWN_TCP
}

}  // namespace
}  // namespace sp::test
