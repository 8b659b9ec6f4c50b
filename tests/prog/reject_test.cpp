// SPDX-License-Identifier: Apache-2.0
// A service without endpoints answers at once: TCP reset, ICMP port unreachable; or it is silent where policy says so.
#include <linux/bpf.h>

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
  // The answer to `packet` with addresses, ports and MACs turned round.
  [[nodiscard]] static Packet turned(const Packet& packet) {
    Packet out;
    out.eth_src = packet.eth_dst;
    out.eth_dst = packet.eth_src;
    out.vlans = packet.vlans;
    out.src = packet.dst;
    out.dst = packet.src;
    out.sport = packet.dport;
    out.dport = packet.sport;
    out.fragment = 0x4000;
    out.window = 0;
    return out;
  }
  // ICMP or ICMPv6 port unreachable that quotes the IP header and eight bytes of `packet`.
  [[nodiscard]] static Bytes unreachable(const Packet& packet) {
    const bool v4 = packet.src.family() == Family::v4;
    const Bytes original = packet.bytes();
    const std::size_t l3 = 14 + 4 * packet.vlans.size();
    const std::size_t quote = (v4 ? 20 + packet.ip_options.size() : 40) + packet.ext_headers.size() + 8;
    const auto protocol = static_cast<std::uint8_t>(v4 ? 1 : 58);
    Packet answer = turned(packet);
    Bytes icmp;
    append16(icmp, v4 ? 0x0303 : 0x0104);
    append16(icmp, 0);
    append32(icmp, 0);
    for (std::size_t i = 0; i < quote; ++i) icmp.push_back(original.at(l3 + i));
    Bytes sum = v4 ? Bytes{} : pseudo_header(answer.src, answer.dst, protocol, icmp.size());
    append(sum, icmp);
    store16(icmp, 2, checksum(sum));
    Bytes out = link_header(answer);
    append(out, ip_header(answer, protocol, icmp.size()));
    append(out, icmp);
    return out;
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
  Packet want = turned(syn);
  want.flags = kRst | kAck;
  want.ack = 0xfffffffe + 1 + 3;
  const auto out = bed.xdp(syn);
  EXPECT_EQ(out.action, XDP_TX);
  EXPECT_FRAME(out.frame, want);
  EXPECT_EQ(bed.counts(), (Counts{{"reject-no-backend", 1}}));  // SP_REJECT_NO_BACKEND
}

TEST_P(Reject, SynWithOptionsIsResetWithoutThem) {
  expose();
  Packet syn = from_client(at.vip, kPort);
  syn.flags = kSyn;
  Packet want = turned(syn);
  want.flags = kRst | kAck;
  want.ack = 1;
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
