// SPDX-License-Identifier: Apache-2.0
// --local-delivery by agents on real devices: clients outside reach a Pod of the node by each way, the Pod sees them,
// and what the node's stack would have forwarded tells which way it was.
#include <optional>

#include "tests/harness/conversation.h"
#include "tests/harness/lab_environment.h"
#include "tests/harness/manifests.h"

namespace sp::test {

namespace {

constexpr std::uint16_t kPodPort = 8080;
constexpr std::uint16_t kNodePort = 30080;
constexpr std::uint16_t kIperfPort = 5201;
constexpr std::uint16_t kIperfNodePort = 30001;
const std::string kPod = "n1p1";

// Where NetworkPolicy of iptables and nftables would be.
constexpr const char* kCountForwarded =
    "nft add table inet probe && nft 'add chain inet probe forward { type filter hook forward priority 0; }' && "
    "nft add counter inet probe passed && "
    "nft add rule inet probe forward ip daddr 10.244.1.11 counter name passed && "
    "nft add rule inet probe forward ip6 daddr fd00:10:244:1::11 counter name passed";

// The Pod's link anew, as a container runtime makes it when a Pod starts: other devices, the same addresses.
constexpr const char* kRemakeLink = R"(set -e
pod=$1
mac='s/.*ether ([0-9a-f:]+).*/\1/'
near=$(ip -n "$pod" -o link show dev eth0 | sed -E "$mac")
far=$(ip -o link show dev p1 | sed -E "$mac")
ip link del p1
ip link add p1 address "$far" type veth peer name eth0 address "$near" netns "$pod"
ip link set p1 up
ip -n "$pod" link set eth0 up
ip -n "$pod" addr add 10.244.1.11/32 dev eth0
ip -n "$pod" addr add fd00:10:244:1::11/128 dev eth0 nodad
ip -n "$pod" neigh replace 169.254.1.1 lladdr "$far" dev eth0 nud permanent
ip -n "$pod" neigh replace fe80::1 lladdr "$far" dev eth0 nud permanent
ip -n "$pod" route add 169.254.1.1 dev eth0 scope link
ip -n "$pod" route add default via 169.254.1.1 dev eth0
ip -n "$pod" -6 route add default via fe80::1 dev eth0
ip route add 10.244.1.11/32 dev p1
ip route add fd00:10:244:1::11/128 dev p1)";

Result<void> run_or_fail(const Lab& lab, const std::string& host, std::vector<std::string> argv) {
  SP_TRY_ASSIGN(output, lab.run(host, std::move(argv)));
  return output.exit_code == 0 ? Result<void>() : Error{0, host + ": " + output.text};
}

std::optional<Process> iperf;

}  // namespace

LabShape lab_shape() {
  return {.nodes = 1, .clients = 1, .pods = 1};
}

Result<void> prepare(const Lab& lab, Agents& agents, IdentityServers& servers) {
  SP_TRY(servers.listen(lab, {kPod}, kPodPort));
  SP_TRY_ASSIGN(started,
                Process::spawn({.argv = {"iperf3", "--server", "--forceflush"}, .netns = lab.host(kPod).netns}));
  iperf.emplace(std::move(started));
  SP_TRY(iperf->await_line(0, {"Server listening"}, Millis(5000)));
  for (const auto& [number, port, node_port] :
       {std::tuple{1U, kPodPort, kNodePort}, {2U, kIperfPort, kIperfNodePort}}) {
    const ServiceSpec service{.name = "s" + std::to_string(number),
                              .number = number,
                              .port = port,
                              .target_port = port,
                              .node_port = node_port,
                              .backends = {backend(lab, kPod)}};
    SP_TRY(agents.put_all(service.name + ".yaml", manifest(service)));
  }
  return run_or_fail(lab, "n1", {"sh", "-c", kCountForwarded});
}

namespace {

class LocalDelivery : public LabTest, public ::testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(ok(deliver_by(GetParam()))); }

  // An agent with that way on n1, in place of whatever ran there.
  static Result<void> deliver_by(const std::string& way) {
    if (way == way_) {
      return {};
    }
    SP_TRY(agents().stop_all());
    agents().set_flags({"--local-delivery", way, "--log-level", "debug"});
    SP_TRY(agents().start("n1"));
    way_ = way;
    return {};
  }
  // Packets to the Pod that the stack has forwarded since the last call.
  static std::size_t forwarded() {
    const auto counter = lab().run("n1", {"nft", "reset", "counter", "inet", "probe", "passed"});
    EXPECT_TRUE(ok(counter));
    const std::size_t at = counter ? counter->text.find("packets ") : std::string::npos;
    EXPECT_NE(at, std::string::npos) << counter->text;
    return std::stoul(counter->text.substr(at + std::string("packets ").size()));
  }
  static void expect_answers() {
    for (const Family family : {Family::v4, Family::v6}) {
      for (const Transport transport : {Transport::tcp, Transport::udp}) {
        SCOPED_TRACE(std::string(to_string(family)) + to_string(transport));
        const auto reply = ask(netns("c1"), transport, lab().host("n1").at(family, kNodePort));
        ASSERT_TRUE(ok(reply));
        EXPECT_EQ(reply->identity, kPod);
        EXPECT_EQ(reply->seen_client.ip, lab().host("c1").ip(family));
      }
    }
  }
  static void expect_way() {
    // The first packets may lack a neighbour, which the stack finds.
    expect_answers();
    static_cast<void>(forwarded());
    expect_answers();
    if (GetParam() == "stack") {
      EXPECT_GT(forwarded(), 0U);
    } else {
      EXPECT_EQ(forwarded(), 0U);
    }
  }
  static void expect_iperf(Family family, std::vector<std::string> extra) {
    const Endpoint door = lab().host("n1").at(family, kIperfNodePort);
    const std::size_t mark = iperf->line_count();
    std::vector<std::string> argv = {
        "iperf3", "--client", door.ip, "--port", std::to_string(door.port), "--connect-timeout", "5000"};
    argv.insert(argv.end(), extra.begin(), extra.end());
    const auto output = lab().run("c1", argv, Millis(60000));
    ASSERT_TRUE(ok(output));
    EXPECT_EQ(output->exit_code, 0) << output->text;
    ASSERT_TRUE(ok(iperf->await_line(mark, {"Server listening"}, Millis(10000))));
  }

  inline static std::string way_;
};

TEST_P(LocalDelivery, ReachesThePodWhichSeesTheClient) {
  expect_way();
}

TEST_P(LocalDelivery, CarriesStreams) {
  for (const Family family : {Family::v4, Family::v6}) {
    expect_iperf(family, {"--bytes", "50M"});
    expect_iperf(family, {"--bytes", "50M", "--reverse"});
    expect_iperf(family, {"--udp", "--bytes", "1M", "--bitrate", "20M", "--length", "1200"});
  }
}

TEST_P(LocalDelivery, FollowsAPodThatStartsAnew) {
  const std::size_t mark = agents().mark("n1");
  ASSERT_TRUE(ok(run_or_fail(lab(), "n1", {"sh", "-c", kRemakeLink, "sh", netns(kPod)})));
  const std::string sign = GetParam() == "stack" ? "attached device=p1 " : "open way into the Pod device=p1 ";
  ASSERT_TRUE(ok(agents().await_log("n1", mark, {"pod-device: " + sign})));
  expect_way();
}

TEST_P(LocalDelivery, NamesTheWayOfTheDevice) {
  const auto devices = agents().ask("n1", {"get", "devices"});
  ASSERT_TRUE(ok(devices));
  EXPECT_EQ(devices->text.find("peer") != std::string::npos, GetParam() != "stack") << devices->text;
  const auto features = lab().run(kPod, {"ethtool", "--show-features", "eth0"});
  ASSERT_TRUE(ok(features));
  if (GetParam() == "xdp") {
    EXPECT_NE(features->text.find("generic-receive-offload: on"), std::string::npos) << features->text;
  }
}

INSTANTIATE_TEST_SUITE_P(Lab, LocalDelivery, ::testing::Values("stack", "peer", "xdp"),
                         [](const ::testing::TestParamInfo<std::string>& param) { return param.param; });

class WayChange : public LocalDelivery {};

TEST_P(WayChange, KeepsWhatHasBegun) {
  std::vector<Conversation> conversations;
  for (const Family family : {Family::v4, Family::v6}) {
    auto opened = Conversation::open(netns("c1"), lab().host("n1").at(family, kNodePort), true);
    ASSERT_TRUE(ok(opened));
    conversations.push_back(std::move(opened).value());
  }
  for (const std::string way : {"peer", "xdp", "stack", "xdp", "peer"}) {
    SCOPED_TRACE(way);
    ASSERT_TRUE(ok(deliver_by(way)));
    for (const Conversation& conversation : conversations) {
      const auto reply = conversation.exchange();
      ASSERT_TRUE(ok(reply));
      EXPECT_EQ(reply->identity, kPod);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Lab, WayChange, ::testing::Values("peer"));

}  // namespace
}  // namespace sp::test
