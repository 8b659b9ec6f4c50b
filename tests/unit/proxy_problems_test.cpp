// SPDX-License-Identifier: Apache-2.0
// What is refused, what is warned about and what is accepted and ignored.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loader/proxy/config.h"
#include "loader/proxy/verdicts.h"

namespace sp::proxy {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// The problems of a default configuration after `change`.
template <typename Change>
std::vector<std::string> after(Change change) {
  ProxyConfig config;
  change(config);
  complete(config);
  return problems(config);
}

TEST(ProxyProblems, TheDefaultsHaveNone) {
  EXPECT_THAT(after([](ProxyConfig&) {}), IsEmpty());
}

TEST(ProxyProblems, AllAreNamedAtOnce) {
  EXPECT_THAT(
      after([](ProxyConfig& config) {
        config.mode = "iptable";
        config.iptables.masquerade_bit = 32;
        config.iptables.sync_period = 2s;
        config.iptables.min_sync_period = 3s;
        config.nftables.sync_period = 0s;
        config.config_sync_period = 0s;
        config.oom_score_adj = 1001;
        config.conntrack.min = -1;
        config.conntrack.udp_timeout = -1s;
        config.bind_address = "eth0";
        config.healthz_bind_address = "0.0.0.0:healthz";
        config.node_port_addresses = {"primary", "10.0.0.0/8"};
        config.detect_local_mode = "BridgeInterface";
        config.cluster_cidr = "10.0.0.0/8,10.1.0.0/16";
        config.winkernel.enable_dsr = true;
      }),
      ElementsAre(StartsWith("mode: is iptable: expected iptables, ipvs or nftables: did you mean iptables?"),
                  "iptables.masqueradeBit: is 32: expected 0 to 31",
                  "iptables.minSyncPeriod: is 3s: expected 0s to iptables.syncPeriod, which is 2s",
                  "nftables.syncPeriod: is 0s: expected more than 0s",
                  "nftables.minSyncPeriod: is 1s: expected 0s to nftables.syncPeriod, which is 0s",
                  "configSyncPeriod: is 0s: expected more than 0s", "oomScoreAdj: is 1001: expected -1000 to 1000",
                  "conntrack.min: is -1: expected 0 or more", "conntrack.udpTimeout: is -1s: expected 0s or more",
                  "bindAddress: is eth0: expected an IP address",
                  HasSubstr("healthzBindAddress: is 0.0.0.0:healthz: expected ADDRESS:PORT"),
                  HasSubstr("nodePortAddresses: is [\"primary\",\"10.0.0.0/8\"]: expected ranges"),
                  HasSubstr("detectLocal.bridgeInterface: is \"\": expected a device"),
                  HasSubstr("clusterCIDR: is 10.0.0.0/8,10.1.0.0/16: expected one range, or one of each family"),
                  HasSubstr("winkernel.enableDSR: is true: Sallyport runs on Linux only")));
}

TEST(ProxyProblems, RangesAreReadAsLenientlyAsKubernetesDoes) {
  EXPECT_THAT(after([](ProxyConfig& config) {
                config.bind_address = "192.168.099.022";
                config.cluster_cidr = "10.000.0.0/08,fd00::/8";
                config.node_port_addresses = {"203.0.113.000/025", "localhost", "all"};
                config.metrics_bind_address = "[::]:0";
              }),
              IsEmpty());
  for (const std::string text : {"10.0.0.0", "10.0.0.0/8,", ",", "10.0.0.0/8,fd00::/8,fd01::/16", "fd00::/8,x"}) {
    EXPECT_THAT(after([&text](ProxyConfig& config) { config.cluster_cidr = text; }),
                ElementsAre(StartsWith("clusterCIDR: is " + text)));
  }
}

TEST(ProxyProblems, KeywordsOfNodePortAddressesAreRanges) {
  ProxyConfig config;
  config.node_port_addresses = {"all", "localhost"};
  EXPECT_THAT(node_port_ranges(config), ElementsAre(*Prefix::parse("0.0.0.0/0"), *Prefix::parse("::/0"),
                                                    *Prefix::parse("127.0.0.0/8"), *Prefix::parse("::1/128")));
  config.node_port_addresses = {"primary"};
  EXPECT_THAT(node_port_ranges(config), IsEmpty());
}

TEST(ProxyWarnings, NodePortsThatAnswerOnFewerAddressesThanKubeProxysAreNamed) {
  ProxyConfig config;
  complete(config);
  EXPECT_THAT(warnings(config), ElementsAre(HasSubstr("nodePortAddresses is not set")));
  config.mode = "nftables";
  EXPECT_THAT(warnings(config), IsEmpty()) << "primary is its default there too";
  config.mode = "iptables";
  config.node_port_addresses = {"192.0.2.0/24"};
  EXPECT_THAT(warnings(config), IsEmpty());
  config.cluster_cidr = "10.0.0.0/8,fd00::/8";
  EXPECT_THAT(warnings(config), ElementsAre(HasSubstr("nodePortAddresses has no IPv6 range")));
}

TEST(ProxyWarnings, PodRangesOfTheOtherFamilyAreNamed) {
  ProxyConfig config;
  config.cluster_cidr = "fd00::/8";
  config.bind_address = "192.0.2.1";
  config.node_port_addresses = {"primary"};
  complete(config);
  EXPECT_THAT(warnings(config), Contains(HasSubstr("clusterCIDR is fd00::/8, but this node's primary family is IPv4")));
  EXPECT_EQ(wrong_family(config, Family::v6), std::nullopt);
  config.detect_local_mode = "NodeCIDR";
  EXPECT_EQ(wrong_family(config, Family::v4), std::nullopt) << "clusterCIDR is not used then";
}

TEST(Verdicts, WhatIsIgnoredIsToldOnlyWhenItDiffersFromItsDefault) {
  ProxyConfig config;
  complete(config);
  EXPECT_THAT(ignored(config, {}), IsEmpty());
  config.client_connection.qps = 50;
  config.enable_profiling = true;
  config.ipvs.strict_arp = true;
  config.oom_score_adj = 0;
  EXPECT_THAT(ignored(config, {{"logtostderr", "true"}, {"cleanup", "true"}}),
              testing::UnorderedElementsAre(StartsWith("accepted and ignored: clientConnection.qps=50: "),
                                            StartsWith("accepted and ignored: enableProfiling=true: "),
                                            StartsWith("accepted and ignored: --logtostderr: ")));
}

}  // namespace
}  // namespace sp::proxy
