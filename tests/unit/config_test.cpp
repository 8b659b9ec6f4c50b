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
  }
}

TEST(Config, EveryKeyOfEveryMappingIsRead) {
  const Config config = good(R"(
maps: {flows4: 101, flows6: 102, embryos4: 103, embryos6: 104, frontends: 105, services: 106, slots: 107, backends: 108}
timeouts: {tcp_established: 1, tcp_close_wait: 2, tcp_time_wait: 3, tcp_close: 4, udp_stream: 5}
snat_ports: [2000-2999]
nodePortAddresses: [192.0.2.0/24, "2001:db8::/64"]
aging_interval: 9
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
}

TEST(Config, ASinglePortIsARange) {
  EXPECT_THAT(good("snat_ports: [5000, 6000-6001]").snat_ports,
              testing::ElementsAre(PortRange{5000, 5000}, PortRange{6000, 6001}));
}

TEST(Config, AnUnknownKeyIsAnErrorThatNamesFileAndTheLikelyKey) {
  EXPECT_EQ(complaint("aging_interval: 5\ntimeouts:\n  tcp_closed: 10\n"),
            "sp.yaml: timeouts.tcp_closed: unknown key: did you mean 'tcp_close'?");
  EXPECT_EQ(complaint("frobnicate: 1"),
            "sp.yaml: frobnicate: unknown key: expected one of aging_interval, maps, nodePortAddresses, "
            "snat_ports, timeouts");
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
  row.route_epoch = 8;
  row.snat_ports[1] = {.first = 1, .last = 2};
  store(good("timeouts: {tcp_close: 2}\nsnat_ports: [5000-5999]"), row);
  EXPECT_EQ(row.abi_version, 7U);
  EXPECT_EQ(row.route_epoch, 8U);
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
