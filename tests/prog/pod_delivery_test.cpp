// SPDX-License-Identifier: Apache-2.0
// A client outside and a Pod of this node talk by each way that leads into the Pod, through real devices: what
// BPF_PROG_TEST_RUN cannot show. Whether the packets went past the Pod's device shows in the runs of its egress
// program.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <net/if.h>

#include <algorithm>
#include <string_view>

#include "../harness/must.h"
#include "../harness/net_device.h"
#include "../harness/netns.h"
#include "../harness/socket_bed.h"
#include "../harness/tap.h"
#include "../harness/testbed.h"
#include "maps/device.h"

namespace sp::test {
namespace {

constexpr std::uint16_t kNodePort = 30000;
constexpr std::uint16_t kPodPort = 8086;
// A stream has more packets than that; neighbour discovery of the kernel has fewer.
constexpr std::uint64_t kMany = 20;
constexpr std::uint64_t kFew = 5;
constexpr std::uint32_t kPods = SP_DEVICE_PODS | SP_DEVICE_HAS_SNAT4 | SP_DEVICE_HAS_SNAT6;

NetnsScope in(const std::string& name) {
  return must(NetnsScope::enter(name));
}

// Moves the other end of `device` into a namespace whose only neighbour is the node, at `gateway`.
void furnish(const std::string& name, const std::string& device, const std::string& mac, const std::string& gateway_mac,
             const std::vector<std::pair<Ip, Ip>>& own_and_gateway) {
  Sandbox& box = testbed().sandbox();
  box.add_namespace(name);
  const std::string peer = device + "p";
  const std::string inside = "ip -n " + name + " ";
  box.run("ip link set " + peer + " address " + mac + " netns " + name + " && " + inside + "link set " + peer + " up");
  for (const auto& [own, gateway] : own_and_gateway) {
    const bool v4 = own.family() == Family::v4;
    const std::string bits = v4 ? "/32" : "/128";
    box.run(inside + "addr add " + own.text() + bits + " dev " + peer + (v4 ? "" : " nodad") + " && " + inside +
            "route add " + gateway.text() + bits + " dev " + peer + " && " + inside + "route add default via " +
            gateway.text() + " dev " + peer + " && " + inside + "neigh replace " + gateway.text() + " lladdr " +
            gateway_mac + " nud permanent dev " + peer);
  }
}

// Both addresses of the next frame that carries "question".
Bytes link_of_question(const Tap& tap) {
  constexpr std::string_view kQuestion = "question";
  Bytes frame = tap.next([&](const Bytes& seen) {
    return seen.size() >= kQuestion.size() && std::equal(kQuestion.rbegin(), kQuestion.rend(), seen.rbegin());
  });
  frame.resize(std::min<std::size_t>(frame.size(), 2 * ETH_ALEN));
  return frame;
}

Tap tap_in(const std::string& name, const char* device) {
  const NetnsScope there = in(name);
  return Tap(device);
}

class PodDelivery : public PacketTest {
 protected:
  PodDelivery() : PacketTest({.local_delivery = true}) {}
  static void SetUpTestSuite() {
    Testbed& bed = testbed({.local_delivery = true});
    const Plan v4 = plan(Family::v4);
    const Plan v6 = plan(Family::v6);
    furnish("outside", "ext0", "02:00:00:00:00:fe", "02:00:00:00:00:01", {{v4.client, v4.node}, {v6.client, v6.node}});
    furnish("pod", "pod0", "02:00:00:00:00:0a", "02:00:00:00:00:21",
            {{v4.local_pod, v4.gateway}, {v6.local_pod, v6.gateway}});
    // As from a wire; and what XDP transmits into a veth arrives only where the receiver polls.
    const auto outside = [] {
      const NetnsScope there = in("outside");
      ethtool("ext0p", ETHTOOL_STXCSUM, 0);
      ethtool("ext0p", ETHTOOL_SGRO, 1);
    };
    outside();
    const auto pod = [] {
      const NetnsScope there = in("pod");
      ethtool("pod0p", ETHTOOL_SGRO, 1);
    };
    pod();
    bed.sandbox().run("tc qdisc add dev ext0 clsact && tc qdisc add dev pod0 clsact");
    const auto& programs = bed.bpf().progs;
    attach_tc(bed.ext0(), BPF_TC_EGRESS, programs.sp_tc_egress);
    attach_tc(bed.ext0(), BPF_TC_INGRESS, programs.sp_tc_ingress);
    attach_tc(bed.pod0(), BPF_TC_EGRESS, programs.sp_pod_egress);
    if (bpf_xdp_attach(static_cast<int>(bed.ext0()), bpf_program__fd(programs.sp_xdp), XDP_FLAGS_DRV_MODE, nullptr) !=
        0)
      throw std::runtime_error("bpf_xdp_attach");
  }
  void SetUp() override {
    PacketTest::SetUp();
    const std::uint32_t pod0 = bed.pod0();
    ASSERT_EQ(bpf_map_update_elem(bpf_map__fd(bed.bpf().maps.sp_tx_ports), &pod0, &pod0, BPF_ANY), 0);
    for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
      const auto service = bed.add_service({{at.local_pod, kPodPort}});
      bed.add_frontend(at.node, kNodePort, protocol, service, SP_FRONTEND_NODE_ADDR);
    }
  }

  [[nodiscard]] static Sock listening(const Ip& ip, Protocol protocol) {
    const NetnsScope there = in("pod");
    return Sock::listening({ip, kPodPort}, protocol);
  }
  [[nodiscard]] Sock client(Protocol protocol) const {
    const NetnsScope there = in("outside");
    return {GetParam() == Family::v4 ? AF_INET : AF_INET6, protocol};
  }
  static std::string receive_all(Sock& from, std::size_t bytes) {
    std::string all;
    while (all.size() < bytes) {
      const auto part = from.receive();
      if (part.error != 0 || part.text.empty()) break;
      all += part.text;
    }
    return all;
  }
  void expect_stream() {
    Sock server = listening(at.local_pod, Protocol::tcp);
    Sock dialler = client(Protocol::tcp);
    ASSERT_EQ(dialler.connect({at.node, kNodePort}), 0);
    Sock accepted = server.accept();
    EXPECT_EQ(accepted.peer().ip, at.client);
    // One thread talks for both: what it sends must fit into the windows that connections begin with.
    const std::string question(40000, 'q');
    const std::string answer(40000, 'a');
    ASSERT_EQ(dialler.send(question), 0);
    EXPECT_EQ(receive_all(accepted, question.size()), question);
    ASSERT_EQ(accepted.send(answer), 0);
    EXPECT_EQ(receive_all(dialler, answer.size()), answer);
  }
  void expect_datagrams() {
    Sock server = listening(at.local_pod, Protocol::udp);
    Sock dialler = client(Protocol::udp);
    ASSERT_EQ(dialler.connect({at.node, kNodePort}), 0);
    for (const std::size_t bytes : {1U, 200U}) {
      ASSERT_EQ(dialler.send(std::string(bytes, 'q')), 0);
      const auto heard = server.receive();
      ASSERT_EQ(heard.text, std::string(bytes, 'q'));
      EXPECT_EQ(heard.from.ip, at.client);
      ASSERT_EQ(server.send("answer", heard.from), 0);
      EXPECT_EQ(dialler.receive().text, "answer");
    }
  }
  // Packets that passed the egress hook of the Pod's device while `talk` went on.
  template <typename Talk>
  std::uint64_t past_the_device(const Talk& talk) {
    const Fd counting(bpf_enable_stats(BPF_STATS_RUN_TIME));
    const auto runs = [this] {
      bpf_prog_info info{};
      __u32 bytes = sizeof info;
      if (bpf_obj_get_info_by_fd(bpf_program__fd(bed.bpf().progs.sp_pod_egress), &info, &bytes) != 0)
        throw std::runtime_error("program: info");
      return info.run_cnt;
    };
    const std::uint64_t before = runs();
    talk();
    return runs() - before;
  }
  // Both transports by the way that `flags` open.
  std::uint64_t talk_by(std::uint32_t flags) {
    bed.set_device(bed.pod0(), flags);
    return past_the_device([this] {
      expect_stream();
      expect_datagrams();
    });
  }
};
SP_BOTH_FAMILIES(PodDelivery);

TEST_P(PodDelivery, TheStackSendsByTheDevice) {
  EXPECT_GT(talk_by(kPods), kMany);
}

TEST_P(PodDelivery, PeerIsReachedPastTheDevice) {
  EXPECT_LT(talk_by(kPods | SP_DEVICE_PEER), kFew);
}

TEST_P(PodDelivery, XdpReachesThePodPastTheDevice) {
  EXPECT_LT(talk_by(kPods | SP_DEVICE_PEER | SP_DEVICE_XDP_TX), kFew);
}

TEST_P(PodDelivery, FrameIsTheOneOfThePodsLink) {
  for (const std::uint32_t way : {SP_DEVICE_PEER, SP_DEVICE_PEER | SP_DEVICE_XDP_TX}) {
    bed.set_device(bed.pod0(), kPods | way);
    const Tap tap = tap_in("pod", "pod0p");
    Sock server = listening(at.local_pod, Protocol::udp);
    Sock dialler = client(Protocol::udp);
    ASSERT_EQ(dialler.connect({at.node, kNodePort}), 0);
    ASSERT_EQ(dialler.send("question"), 0);
    const Bytes addresses{2, 0, 0, 0, 0, 0x0a, 2, 0, 0, 0, 0, 0x21};
    EXPECT_EQ(link_of_question(tap), addresses) << "from the node's end to the Pod's, or a bridge in the Pod drops it";
  }
}

TEST_P(PodDelivery, AnUnknownNeighbourIsFoundByTheStackAndThenPassedBy) {
  bed.set_device(bed.pod0(), kPods | SP_DEVICE_PEER);
  const std::string neighbour = at.local_pod.text() + " dev pod0";
  bed.sandbox().run("ip neigh del " + neighbour);
  EXPECT_GT(past_the_device([this] { expect_stream(); }), 0U);
  EXPECT_LT(past_the_device([this] { expect_stream(); }), kFew);
  bed.sandbox().run("ip neigh replace " + neighbour + " lladdr 02:00:00:00:00:0a nud permanent");
}

}  // namespace
}  // namespace sp::test
