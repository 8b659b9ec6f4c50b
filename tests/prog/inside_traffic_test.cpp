// SPDX-License-Identifier: Apache-2.0
// Real sockets behind real devices: what BPF_PROG_TEST_RUN cannot show. Packets of Pods have unfinished checksums and
// are larger than the link; answers must find their socket; what is sent on passes egress a second time.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>

#include "../harness/inside_client.h"
#include "../harness/must.h"
#include "../harness/net_device.h"
#include "../harness/netns.h"
#include "../harness/socket_bed.h"
#include "../harness/tap.h"
#include "maps/device.h"

namespace sp::test {
namespace {

constexpr auto kPods = SP_DEVICE_PODS | SP_DEVICE_HAS_SNAT4 | SP_DEVICE_HAS_SNAT6;

// Puts the other end of `device` into a namespace, as the Pod with the address that ends in `last`.
void make_pod(const std::string& device, const std::string& name, const std::string& last, const std::string& mac) {
  Sandbox& box = testbed().sandbox();
  box.add_namespace(name);
  const std::string in = "ip -n " + name + " ";
  const std::string peer = device + "p";
  box.run("ip link set " + peer + " address 02:00:00:00:00:" + mac + " netns " + name + " && " + in +
          "link set lo up && " + in + "link set " + peer + " up");
  const std::string lladdr = "02:00:00:00:00:21";
  box.run("ip link set " + device + " address " + lladdr);
  for (const auto& [prefix, bits, nodad] :
       {std::tuple{"10.244.1.", "/32", ""}, {"fd00:10:244:1::", "/128", " nodad"}}) {
    const std::string to = prefix + last + bits;
    const std::string gateway = std::string(prefix) + "1";
    box.run(in + "addr add " + to + " dev " + peer + nodad + " && " + in + "route add " + gateway + bits + " dev " +
            peer + " && " + in + "route add default via " + gateway + " dev " + peer + " && " + in + "neigh replace " +
            gateway + " lladdr " + lladdr + " nud permanent dev " + peer + " && ip route replace " + to + " dev " +
            device + " && ip neigh replace " + prefix + last + " lladdr 02:00:00:00:00:" + mac + " nud permanent dev " +
            device);
  }
}

class InsideTraffic : public InsideTest {
 protected:
  static void SetUpTestSuite() {
    Testbed& bed = testbed();
    const Sandbox& box = bed.sandbox();
    pod1 = box.add_veth("pod1", "pod1p");
    make_pod("pod0", "client", "12", "0b");
    make_pod("pod1", "server", "11", "0a");
    box.run(
        "sysctl -qw net.ipv4.conf.all.rp_filter=2 net.ipv4.tcp_syn_retries=1 && "
        "ip route add 10.13.242.236 via 192.0.2.254 && ip route add 2001:db8:f::236 via 2001:db8:1::fe && "
        "ip netns exec client sysctl -qw net.ipv4.tcp_syn_retries=1");
    for (const std::string device : {"ext0", "pod0", "pod1"}) {
      // The kernel finishes checksums before they leave, so that the receiver looks at them.
      ethtool(device.c_str(), ETHTOOL_STXCSUM, 0);
      box.run("tc qdisc add dev " + device + " clsact");
    }
    const auto& programs = bed.bpf().progs;
    for (const std::uint32_t pod : {bed.pod0(), pod1}) {
      attach_tc(pod, BPF_TC_INGRESS, programs.sp_pod_ingress);
      attach_tc(pod, BPF_TC_EGRESS, programs.sp_pod_egress);
    }
    attach_tc(bed.ext0(), BPF_TC_EGRESS, programs.sp_tc_egress);
  }
  void SetUp() override {
    InsideTest::SetUp();
    bed.set_device(pod1, kPods);
  }

  [[nodiscard]] int family() const { return GetParam() == Family::v4 ? AF_INET : AF_INET6; }
  [[nodiscard]] Sock socket_in(const std::string& name, Protocol protocol) const {
    const NetnsScope inside = must(NetnsScope::enter(name));
    return {family(), protocol};
  }
  [[nodiscard]] static Sock listening_in(const std::string& name, const Ip& ip, Protocol protocol) {
    const NetnsScope inside = must(NetnsScope::enter(name));
    return Sock::listening({ip, kEndpointPort}, protocol);
  }
  // `client` and a server at `backend` talk, and each has the other for whom it says.
  void expect_conversation(const std::string& client_in, const std::string& server_in, const Ip& backend,
                           const Ip& seen_by_server, Protocol protocol) {
    Sock server = listening_in(server_in, backend, protocol);
    Sock client = socket_in(client_in, protocol);
    ASSERT_EQ(client.connect({at.vip, kServicePort}), 0);
    const std::string question(protocol == Protocol::tcp ? 100000 : 200, 'q');
    ASSERT_EQ(client.send(question), 0);
    if (protocol == Protocol::udp) {
      const auto heard = server.receive();
      ASSERT_EQ(heard.text, question);
      EXPECT_EQ(heard.from.ip, seen_by_server);
      ASSERT_EQ(server.send("answer", heard.from), 0);
    } else {
      Sock accepted = server.accept();
      EXPECT_EQ(accepted.peer().ip, seen_by_server);
      std::string all;
      while (all.size() < question.size()) {
        const auto part = accepted.receive();
        ASSERT_EQ(part.error, 0) << "after " << all.size();
        all += part.text;
      }
      EXPECT_EQ(all, question);
      ASSERT_EQ(accepted.send("answer"), 0);
    }
    EXPECT_EQ(client.receive().text, "answer");
  }
  void expect_refused(const std::string& client_in) {
    Sock stream = socket_in(client_in, Protocol::tcp);
    EXPECT_EQ(stream.connect({at.vip, kServicePort}), ECONNREFUSED);
    Sock datagrams = socket_in(client_in, Protocol::udp);
    ASSERT_EQ(datagrams.connect({at.vip, kServicePort}), 0);
    ASSERT_EQ(datagrams.send(std::string(300, 'x')), 0);
    EXPECT_EQ(datagrams.receive().error, ECONNREFUSED);
    EXPECT_EQ(bed.counts().at("reject-no-backend"), 2U);
  }

  inline static std::uint32_t pod1 = 0;
};
SP_BOTH_FAMILIES(InsideTraffic);

TEST_P(InsideTraffic, APodTalksToAnotherThatSeesIt) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    expose(at.local_pod, SP_SCOPE_POD, protocol);
    expect_conversation("client", "server", at.local_pod, at.pod, protocol);
  }
}

TEST_P(InsideTraffic, APodTalksToAnotherThatSeesTheNode) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    expose(at.local_pod, SP_SCOPE_POD, protocol, SP_FRONTEND_PACKETS);
    expect_conversation("client", "server", at.local_pod, at.node_ext1, protocol);
  }
}

TEST_P(InsideTraffic, R055_APodTalksToItself) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    expose(at.pod, SP_SCOPE_POD, protocol);
    expect_conversation("client", "client", at.pod, at.gateway, protocol);
  }
}

TEST_P(InsideTraffic, AProcessOfTheNodeTalksToAPod) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    expose(at.local_pod, SP_SCOPE_HOST, protocol);
    expect_conversation("", "server", at.local_pod, at.node, protocol);
  }
}

TEST_P(InsideTraffic, R060_WithoutBackendAnySocketIsTold) {
  const auto empty = bed.add_service({});
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    bed.add_frontend(at.vip, kServicePort, protocol, empty, 0, SP_SCOPE_POD);
    bed.add_frontend(at.vip, kServicePort, protocol, empty, 0, SP_SCOPE_HOST);
  }
  expect_refused("client");
  expect_refused("");
}

// The next frame with a UDP header to `port`.
Bytes datagram(const Tap& tap, Family family, std::uint16_t port) {
  return tap.next([=](const Bytes& frame) {
    const std::size_t l4 = family == Family::v4 ? 34 : 54;
    const std::uint8_t protocol = frame.size() < l4 + 8 ? 0 : frame.at(family == Family::v4 ? 23 : 20);
    return protocol == SP_PROTO_UDP && frame.at(l4 + 2) << 8 == (port & 0xff00) && frame.at(l4 + 3) == (port & 0xff);
  });
}

// The destination address of such a frame.
Ip destination(const Bytes& frame, Family family) {
  return family == Family::v4 ? Ip::v4(*reinterpret_cast<const std::uint32_t*>(&frame.at(30))) : Ip::v6(&frame.at(38));
}

TEST_P(InsideTraffic, ServicesThatAreEachOthersBackendsTranslateOnce) {
  const auto to_client = bed.add_service({{at.client, kServicePort}});
  const auto to_vip = bed.add_service({{at.vip, kServicePort}});
  bed.add_frontend(at.vip, kServicePort, Protocol::udp, to_client, SP_FRONTEND_KEEP_SOURCE, SP_SCOPE_HOST);
  bed.add_frontend(at.client, kServicePort, Protocol::udp, to_vip, SP_FRONTEND_KEEP_SOURCE, SP_SCOPE_HOST);
  const Tap tap("ext0p");
  Sock sock = socket_in("", Protocol::udp);
  ASSERT_EQ(sock.send("x", Door{at.vip, kServicePort}), 0);
  const Bytes frame = datagram(tap, GetParam(), kServicePort);
  ASSERT_FALSE(frame.empty());
  EXPECT_EQ(destination(frame, GetParam()), at.client);
  EXPECT_EQ(bed.counts(), (Counts{{"flow-new", 1}}));
}

TEST_P(InsideTraffic, WhatTheNodeForwardsIsNotItsOwn) {
  expose(at.local_pod, SP_SCOPE_HOST, Protocol::udp);
  const Tap tap("ext0p");
  Sock sock = socket_in("client", Protocol::udp);
  ASSERT_EQ(sock.send("x", Door{at.vip, kServicePort}), 0);
  const Bytes frame = datagram(tap, GetParam(), kServicePort);
  ASSERT_FALSE(frame.empty());
  EXPECT_EQ(destination(frame, GetParam()), at.vip);
  EXPECT_EQ(bed.counts(), (Counts{{"pass-not-ours", 1}}));
}

}  // namespace
}  // namespace sp::test
