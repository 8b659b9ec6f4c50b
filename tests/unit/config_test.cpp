// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace sp::agent {
namespace {

using namespace std::chrono_literals;

// The one document of `text`, as --config reads it.
Result<Config> parse(const std::string& text) {
  const auto documents = source::parse_yaml(text, 1);
  if (!documents) {
    return documents.error();
  }
  return read_config(documents->empty() ? source::Value{} : documents->front(), "sp.yaml", Config{});
}

Config good(const std::string& text) {
  const auto config = parse(text);
  EXPECT_TRUE(config) << config.error().text();
  return config ? *config : Config{};
}

std::string complaint(const std::string& text) {
  const auto config = parse(text);
  EXPECT_FALSE(config) << "accepted: " << text;
  return config ? "" : config.error().text();
}

TEST(Config, AnEmptyFileIsTheDefaults) {
  for (const std::string text : {"", "---\n", "# nothing\n", "maps:\ntimeouts: {}\n"}) {
    const Config config = good(text);
    EXPECT_EQ(config.maps.flows4, std::uint32_t{SP_MAX_FLOWS4});
    EXPECT_EQ(config.timeouts, Timeouts{});
    EXPECT_THAT(config.snat_ports, testing::ElementsAre(PortRange{1024, 29999}, PortRange{61000, 65535}));
    EXPECT_TRUE(config.node_port_addresses.empty());
    EXPECT_EQ(config.aging_interval, 5s);
    EXPECT_EQ(config.detect_local, DetectLocal{});
    EXPECT_FALSE(config.masquerade_all);
    EXPECT_TRUE(config.localhost_node_ports);
    EXPECT_EQ(config.pod_devices, PodDeviceChoice{});
    EXPECT_EQ(config.local_delivery, LocalDelivery::stack);
  }
}

TEST(Config, EveryKeyOfEveryMappingIsRead) {
  const Config config = good(R"(
maps: {flows4: 101, flows6: 102, embryos4: 103, embryos6: 104, frontends: 105, services: 106, slots: 107, backends: 108}
timeouts: {tcp_established: 1, tcp_close_wait: 2, tcp_time_wait: 3, tcp_close: 4, udp_stream: 5}
snat_ports: [2000-2999]
nodePortAddresses: [192.0.2.0/24, "2001:db8::/64"]
aging_interval: 9
detect_local: {mode: devices, devices: [cni0, "cali*"]}
masquerade_all: true
localhost_node_ports: false
pod_devices: ["veth*", tap0]
local_delivery: xdp
)");
  const kernel::Sizes& maps = config.maps;
  EXPECT_THAT((std::vector{maps.flows4, maps.flows6, maps.embryos4, maps.embryos6, maps.frontends, maps.services,
                           maps.slots, maps.backends}),
              testing::ElementsAre(101, 102, 103, 104, 105, 106, 107, 108));
  EXPECT_EQ(config.timeouts, (Timeouts{1s, 2s, 3s, 4s, 5s}));
  EXPECT_THAT(config.snat_ports, testing::ElementsAre(PortRange{2000, 2999}));
  EXPECT_THAT(config.node_port_addresses,
              testing::ElementsAre(*Prefix::parse("192.0.2.0/24"), *Prefix::parse("2001:db8::/64")));
  EXPECT_EQ(config.aging_interval, 9s);
  EXPECT_EQ(config.detect_local, (DetectLocal{DetectLocal::Mode::devices, {}, {"cni0", "cali*"}}));
  EXPECT_TRUE(config.masquerade_all);
  EXPECT_FALSE(config.localhost_node_ports);
  EXPECT_EQ(config.pod_devices, (PodDeviceChoice{false, {"veth*", "tap0"}}));
  EXPECT_EQ(config.local_delivery, LocalDelivery::xdp);
}

TEST(Config, EveryWayOfLocalDeliveryIsReadAndAnotherNamesThem) {
  EXPECT_EQ(good("local_delivery: stack").local_delivery, LocalDelivery::stack);
  EXPECT_EQ(good("local_delivery: peer").local_delivery, LocalDelivery::peer);
  EXPECT_EQ(complaint("local_delivery: per"), "sp.yaml: local_delivery: is 'per': did you mean 'peer'?");
  EXPECT_EQ(complaint("local_delivery: [xdp]"), "sp.yaml: local_delivery: is a list: expected one of peer, stack, xdp");
}

TEST(Config, ASinglePortIsARange) {
  EXPECT_THAT(good("snat_ports: [5000, 6000-6001]").snat_ports,
              testing::ElementsAre(PortRange{5000, 5000}, PortRange{6000, 6001}));
}

TEST(Config, AnUnknownKeyIsAnErrorThatNamesFileAndTheLikelyKey) {
  EXPECT_EQ(complaint("aging_interval: 5\ntimeouts:\n  tcp_closed: 10\n"),
            "sp.yaml: timeouts.tcp_closed: unknown key: did you mean 'tcp_close'?");
  EXPECT_EQ(complaint("frobnicate: 1"),
            "sp.yaml: frobnicate: unknown key: expected one of aging_interval, detect_local, local_delivery, "
            "localhost_node_ports, maps, masquerade_all, nodePortAddresses, pod_devices, snat_ports, timeouts");
}

TEST(Config, AKeyThatIsGivenTwiceIsAnError) {
  EXPECT_EQ(complaint("aging_interval: 5\naging_interval: 6\n"), "sp.yaml: aging_interval: is given twice");
}

TEST(Config, ANumberOutOfRangeIsAnErrorThatNamesTheRange) {
  EXPECT_EQ(complaint("timeouts: {tcp_close: 0}"),
            "sp.yaml: timeouts.tcp_close: is '0': expected a whole number of seconds from 1 to 31536000");
  for (const std::string value : {"-1", "1.5", "ten", "4294967296", "99999999999999999999", "[1]", "{a: 1}", "0x10"}) {
    EXPECT_THAT(complaint("maps: {flows4: " + value + "}"),
                testing::AllOf(testing::StartsWith("sp.yaml: maps.flows4: is "),
                               testing::HasSubstr("expected a whole number of entries from 16 to 67108864")));
  }
  EXPECT_THAT(complaint("maps: {slots: 15}"), testing::HasSubstr("maps.slots: is '15'"));
}

TEST(Config, BadPortRangesAreErrorsThatNameTheEntry) {
  for (const std::string value : {"0-10", "10-9", "1-65536", "a-b", "1-", "-1", "1-2-3", "''"}) {
    EXPECT_THAT(complaint("snat_ports: [1024-2000, " + value + "]"), testing::HasSubstr("snat_ports[1]: is "));
  }
  EXPECT_THAT(complaint("snat_ports: []"), testing::HasSubstr("has 0 entries: expected one or two"));
  EXPECT_THAT(complaint("snat_ports: [1, 2, 3]"), testing::HasSubstr("has 3 entries: expected one or two"));
  EXPECT_THAT(complaint("snat_ports: [1-10, 10-20]"), testing::HasSubstr("1-10 and 10-20 overlap"));
  EXPECT_THAT(complaint("snat_ports: 1024-2000"), testing::HasSubstr("snat_ports: is '1024-2000': expected a list"));
}

TEST(Config, ABadAddressRangeIsAnErrorThatNamesTheEntry) {
  EXPECT_EQ(complaint("nodePortAddresses: [192.0.2.0/24, 10.0.0.1]"),
            "sp.yaml: nodePortAddresses[1]: is '10.0.0.1': expected ADDRESS/BITS, as in 192.0.2.0/24");
}

TEST(Config, R058_EveryModeOfDetectionIsReadAndHoldsAsAWhole) {
  using Mode = DetectLocal::Mode;
  EXPECT_EQ(good("detect_local: {mode: none, cluster_cidrs: [], devices: []}").detect_local, DetectLocal{});
  EXPECT_EQ(good("detect_local: {mode: node-cidr}").detect_local.mode, Mode::node_cidr);
  EXPECT_EQ(good("detect_local: {mode: cluster-cidr, cluster_cidrs: [10.1.0.0/16, \"fd00::/56\"]}").detect_local,
            (DetectLocal{Mode::cluster_cidr, {*Prefix::parse("10.1.0.0/16"), *Prefix::parse("fd00::/56")}, {}}));
  Config base;
  base.detect_local = {Mode::cluster_cidr, {*Prefix::parse("10.1.0.0/16")}, {}};
  const auto documents = source::parse_yaml("detect_local: {mode: node-cidr}", 1);
  EXPECT_EQ(read_config(documents->front(), "sp.yaml", base)->detect_local, (DetectLocal{Mode::node_cidr, {}, {}}));
}

TEST(Config, R058_ADetectionThatContradictsItselfIsAnErrorThatNamesTheKey) {
  EXPECT_EQ(complaint("detect_local: {mode: clustercidr}"),
            "sp.yaml: detect_local.mode: is 'clustercidr': did you mean 'cluster-cidr'?");
  EXPECT_EQ(complaint("detect_local: {mode: cluster-cidr}"),
            "sp.yaml: detect_local.cluster_cidrs: is empty: expected the ranges of Pods, because mode is cluster-cidr");
  EXPECT_EQ(complaint("detect_local: {cluster_cidrs: [10.0.0.0/8]}"),
            "sp.yaml: detect_local.cluster_cidrs: is given: expected mode to be cluster-cidr");
  EXPECT_EQ(complaint("detect_local: {mode: cluster-cidr, cluster_cidrs: [10.0.0.0/8, 172.16.0.0/12]}"),
            "sp.yaml: detect_local.cluster_cidrs: has 2 entries: expected one range, or one of each family");
  EXPECT_EQ(complaint("detect_local: {mode: devices}"),
            "sp.yaml: detect_local.devices: is empty: expected the devices of Pods, because mode is devices");
  EXPECT_EQ(complaint("detect_local: {mode: node-cidr, devices: [cni0]}"),
            "sp.yaml: detect_local.devices: is given: expected mode to be devices");
}

TEST(Config, DevicesOfPodsAreAWordOrAList) {
  EXPECT_EQ(good("pod_devices: auto").pod_devices, PodDeviceChoice{});
  EXPECT_EQ(good("pod_devices: none").pod_devices, (PodDeviceChoice{false, {}}));
  EXPECT_EQ(complaint("pod_devices: cni0"),
            "sp.yaml: pod_devices: is 'cni0': expected auto, none, or a list of devices, as in [cni0, cali*]");
  for (const std::string bad : {"''", "\"a*b\"", "\"a**\"", "a-name-of-16-bytes", "[x]"}) {
    EXPECT_THAT(
        complaint("pod_devices: [eth1, " + bad + "]"),
        testing::AllOf(testing::StartsWith("sp.yaml: pod_devices[1]: is "),
                       testing::EndsWith("expected the name of a device, or its beginning and a *, as in cali*")));
  }
}

TEST(Config, ASwitchIsTrueOrFalse) {
  EXPECT_EQ(complaint("masquerade_all: yes"), "sp.yaml: masquerade_all: is 'yes': expected one of false, true");
  EXPECT_THAT(complaint("localhost_node_ports: [true]"), testing::HasSubstr("is a list: expected one of false, true"));
}

TEST(Config, TextThatIsNoMappingIsAnError) {
  EXPECT_THAT(complaint("just words"), testing::HasSubstr("is 'just words': expected a mapping with the keys"));
  EXPECT_THAT(complaint("timeouts: 5"), testing::HasSubstr("timeouts: is '5': expected a mapping"));
}

TEST(Config, WhatADocumentLeavesOutStaysAsItWas) {
  Config base;
  base.aging_interval = 9s;
  base.timeouts.tcp_close = 8s;
  const auto documents = source::parse_yaml("timeouts: {tcp_time_wait: 7}", 1);
  const auto config = read_config(documents->front(), "sp.yaml", base);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->aging_interval, 9s);
  EXPECT_EQ(config->timeouts.tcp_close, 8s);
  EXPECT_EQ(config->timeouts.tcp_time_wait, 7s);
}

TEST(Config, TheSampleInTheDocsIsExactlyTheDefaults) {
  std::ifstream stream(SP_SOURCE_DIR "/docs/examples/config.yaml");
  const auto sample = parse({std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()});
  ASSERT_TRUE(sample) << sample.error().text();
  const Config defaults;
  EXPECT_EQ(sample->maps.flows4, defaults.maps.flows4);
  EXPECT_EQ(sample->maps.flows6, defaults.maps.flows6);
  EXPECT_EQ(sample->maps.embryos4, defaults.maps.embryos4);
  EXPECT_EQ(sample->maps.embryos6, defaults.maps.embryos6);
  EXPECT_EQ(sample->maps.frontends, defaults.maps.frontends);
  EXPECT_EQ(sample->maps.services, defaults.maps.services);
  EXPECT_EQ(sample->maps.slots, defaults.maps.slots);
  EXPECT_EQ(sample->maps.backends, defaults.maps.backends);
  EXPECT_EQ(sample->timeouts, defaults.timeouts);
  EXPECT_EQ(sample->snat_ports, defaults.snat_ports);
  EXPECT_EQ(sample->node_port_addresses, defaults.node_port_addresses);
  EXPECT_EQ(sample->aging_interval, defaults.aging_interval);
  EXPECT_EQ(sample->detect_local, defaults.detect_local);
  EXPECT_EQ(sample->masquerade_all, defaults.masquerade_all);
  EXPECT_EQ(sample->localhost_node_ports, defaults.localhost_node_ports);
  EXPECT_EQ(sample->pod_devices, defaults.pod_devices);
}

TEST(Config, TheCompileStepIsToldAllThatConcernsIt) {
  Config config = good(
      "nodePortAddresses: [192.0.2.0/24]\nmasquerade_all: true\nlocalhost_node_ports: false\n"
      "detect_local: {mode: cluster-cidr, cluster_cidrs: [10.1.0.0/16]}");
  config.external_ips = false;
  config.node_address = Ip::parse("192.0.2.7");
  const compile::Options options = compile_options(config);
  EXPECT_EQ(options.node_port_addresses, config.node_port_addresses);
  EXPECT_EQ(options.node_address, Ip::parse("192.0.2.7"));
  EXPECT_FALSE(options.external_ips);
  EXPECT_EQ(options.detect_local, compile::Options::DetectLocal::cluster_cidr);
  EXPECT_EQ(options.cluster_cidrs, config.detect_local.cluster_cidrs);
  EXPECT_TRUE(options.masquerade_all);
  EXPECT_FALSE(options.localhost_node_ports);
}

TEST(Config, TicksAreRoundedUp) {
  EXPECT_EQ(to_ticks(1s), 1U);
  EXPECT_EQ(to_ticks(2s), 2U);    // 1.86 ticks
  EXPECT_EQ(to_ticks(10s), 10U);  // 9.31 ticks
  EXPECT_EQ(to_ticks(86400s), 80467U);
}

TEST(Config, StoringFillsTheRowAndLeavesVersionAndEpochAlone) {
  sp_config_val row{};
  row.abi_version = 7;
  row.epochs.route = 8;
  row.snat_ports[1] = {.first = 1, .last = 2};
  store(good("timeouts: {tcp_close: 2}\nsnat_ports: [5000-5999]"), row);
  EXPECT_EQ(row.abi_version, 7U);
  EXPECT_EQ(row.epochs.route, 8U);
  EXPECT_EQ(row.timeouts.tcp_established_ticks, to_ticks(86400s));
  EXPECT_EQ(row.timeouts.tcp_close_wait_ticks, to_ticks(3600s));
  EXPECT_EQ(row.timeouts.tcp_time_wait_ticks, to_ticks(120s));
  EXPECT_EQ(row.timeouts.tcp_close_ticks, 2U);
  EXPECT_EQ(row.timeouts.udp_stream_ticks, to_ticks(180s));
  EXPECT_EQ(row.snat_ports[0].first, 5000);
  EXPECT_EQ(row.snat_ports[0].last, 5999);
  EXPECT_GT(row.snat_ports[1].first, row.snat_ports[1].last) << "an absent range must be empty";
}

}  // namespace
}  // namespace sp::agent
