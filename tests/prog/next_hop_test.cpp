// SPDX-License-Identifier: Apache-2.0
// Where a translated packet goes: devices, tags, options, neighbours, routes, TTL and size.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../harness/remote_backend.h"
#include "maps/device.h"

namespace sp::test {
namespace {

using NextHop = RemoteBackendTest;
SP_BOTH_FAMILIES(NextHop);

TEST_P(NextHop, OtherDeviceIsReachedByRedirect) {
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

TEST_P(NextHop, VlanTagStays) {
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

TEST_P(NextHop, OptionsAndExtensionHeadersStay) {
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

TEST_P(NextHop, UnresolvedNeighbourIsLeftToTheStack) {
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

TEST_P(NextHop, MissingRouteDrops) {
  expose(at.lost_pod);
  Packet syn = from_client(at.node, kNodePort);
  syn.flags = kSyn;
  EXPECT_EQ(bed.xdp(syn).action, XDP_DROP);
  EXPECT_EQ(bed.counts(), (Counts{{"drop-no-route", 1}}));  // SP_DROP_NO_ROUTE
  EXPECT_EQ(bed.embryos(), 0u);
}

TEST_P(NextHop, LastHopDrops) {
  expose();
  Packet syn = from_client(at.node, kNodePort);
  syn.flags = kSyn;
  syn.ttl = 1;
  EXPECT_EQ(bed.xdp(syn).action, XDP_DROP);
  EXPECT_EQ(bed.counts().count("drop-ttl"), 1u);  // SP_DROP_TTL
}

TEST_P(NextHop, PacketLargerThanTheEgressDeviceDrops) {
  expose();
  Packet data = from_client(at.node, kNodePort);
  data.flags = kSyn;
  data.payload = std::string(1600, 'x');
  EXPECT_EQ(bed.xdp(data).action, XDP_DROP);
  EXPECT_EQ(bed.counts().count("drop-too-big"), 1u);  // SP_DROP_TOO_BIG
}

TEST_P(NextHop, StaleRouteEpochLooksTheNextHopUpAgain) {
  expose();
  const std::uint16_t port = handshake();
  bed.counts();
  auto config = bed.config();
  config.epochs.route++;
  bed.set_config(config);
  Packet data = from_client(at.node, kNodePort);
  data.flags = kAck;
  EXPECT_FRAME(bed.xdp(data).frame, translated(data, port));
  EXPECT_EQ(bed.counts(), (Counts{{"next-hop-refreshed", 1}}));
  bed.xdp(data);
  EXPECT_EQ(bed.counts(), Counts{});
}

TEST_P(NextHop, DeviceThatDoesNotForwardDrops) {
  expose();
  bed.sandbox().run("sysctl -qw net.ipv4.conf.ext0.forwarding=0 net.ipv6.conf.ext0.forwarding=0");
  Packet syn = from_client(at.node, kNodePort);
  syn.flags = kSyn;
  EXPECT_EQ(bed.xdp(syn).action, XDP_DROP);
  EXPECT_EQ(bed.counts(), (Counts{{"drop-forwarding-off", 1}}));  // SP_DROP_FORWARDING_OFF
  bed.sandbox().run("sysctl -qw net.ipv4.conf.ext0.forwarding=1 net.ipv6.conf.ext0.forwarding=1");
}

TEST_P(NextHop, EgressDeviceWithoutAddressDrops) {
  expose();
  const sp_device_val bare{.snat4 = {}, .snat6 = {}, .flags = SP_DEVICE_XDP_TX, .mtu = 1500};
  const std::uint32_t ifindex = bed.ext0();
  ASSERT_EQ(bpf_map_update_elem(bpf_map__fd(bed.bpf().maps.sp_devices), &ifindex, &bare, BPF_ANY), 0);
  Packet syn = from_client(at.node, kNodePort);
  syn.flags = kSyn;
  EXPECT_EQ(bed.xdp(syn).action, XDP_DROP);
  EXPECT_EQ(bed.counts(), (Counts{{"drop-no-snat-addr", 1}}));  // SP_DROP_NO_SNAT_ADDR
}

TEST_P(NextHop, NoRoomForMetadataDrops) {
  expose(at.silent_pod);
  Packet syn = from_client(at.node, kNodePort);
  syn.flags = kSyn;
  EXPECT_EQ(bed.xdp_with_full_metadata(syn).action, XDP_DROP);
  EXPECT_EQ(bed.counts().count("drop-no-meta"), 1u);  // SP_DROP_NO_META
}

}  // namespace
}  // namespace sp::test
