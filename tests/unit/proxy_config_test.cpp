// SPDX-License-Identifier: Apache-2.0
// KubeProxyConfiguration: what files say, what completes it, and how it is printed.
#include "loader/proxy/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "loader/proxy/fields.h"
#include "loader/proxy/read.h"

namespace sp::proxy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kHead = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";

Result<Reading> read(const std::string& text) {
  auto documents = source::parse_yaml(text, 1);
  if (!documents) {
    return documents.error();
  }
  return read_config(documents->at(0), "kp.yaml");
}

Reading good(const std::string& text) {
  auto reading = read(kHead + text);
  EXPECT_TRUE(reading) << reading.error().text();
  return reading ? *std::move(reading) : Reading{};
}

std::string complaint(const std::string& text) {
  const auto reading = read(text);
  EXPECT_FALSE(reading) << "accepted: " << text;
  return reading ? "" : reading.error().text();
}

ProxyConfig completed(const std::string& text) {
  ProxyConfig config = good(text).config;
  complete(config);
  return config;
}

std::string kubeadm() {
  std::ifstream stream(SP_SOURCE_DIR "/docs/examples/kube-proxy-config.yaml");
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// Every field with a value that is not its default, in the order of v1alpha1.
constexpr const char* kEverything = R"(featureGates: {"AllowServiceExternalIPs": false}
clientConnection:
  kubeconfig: "/k"
  acceptContentTypes: "a"
  contentType: "c"
  qps: 2.5
  burst: 3
logging:
  format: "json"
  flushFrequency: 7000000000
  verbosity: 4
  vmodule: [{"filePattern":"a*","verbosity":5}]
  options:
    text:
      splitStream: true
      infoBufferSize: "1Ki"
    json:
      splitStream: true
      infoBufferSize: "2Ki"
hostnameOverride: "n"
bindAddress: "192.0.2.1"
healthzBindAddress: "192.0.2.2:1"
metricsBindAddress: "192.0.2.3:2"
bindAddressHardFail: true
enableProfiling: true
showHiddenMetricsForVersion: "1.35"
mode: "nftables"
iptables:
  masqueradeBit: 1
  masqueradeAll: true
  localhostNodePorts: false
  syncPeriod: "11s"
  minSyncPeriod: "2s"
ipvs:
  syncPeriod: "12s"
  minSyncPeriod: "3s"
  scheduler: "rr"
  excludeCIDRs: ["10.1.0.0/16"]
  strictARP: true
  tcpTimeout: "4s"
  tcpFinTimeout: "5s"
  udpTimeout: "6s"
nftables:
  masqueradeBit: 2
  masqueradeAll: true
  syncPeriod: "13s"
  minSyncPeriod: "7s"
winkernel:
  networkName: "w"
  sourceVip: "192.0.2.9"
  enableDSR: true
  rootHnsEndpointName: "r"
  forwardHealthCheckVip: true
detectLocalMode: "BridgeInterface"
detectLocal:
  bridgeInterface: "br0"
  interfaceNamePrefix: "veth"
clusterCIDR: "10.0.0.0/8"
nodePortAddresses: ["192.0.2.0/24","2001:db8::/64"]
oomScoreAdj: -5
conntrack:
  maxPerCore: 21
  min: 22
  tcpEstablishedTimeout: "1h0m0s"
  tcpCloseWaitTimeout: "1m0s"
  tcpBeLiberal: true
  udpTimeout: "8s"
  udpStreamTimeout: "9s"
configSyncPeriod: "10m0s"
portRange: "1-2"
windowsRunAsService: true
)";

TEST(ProxyConfig, EveryFieldIsReadAndPrintedAsItWasWritten) {
  const Reading reading = good(kEverything);
  EXPECT_THAT(reading.warnings, IsEmpty());
  ProxyConfig set = reading.config;
  ProxyConfig defaults;
  const std::vector<Field> unset = fields(defaults);
  for (const Field& field : fields(set)) {
    EXPECT_NE(shown(field.slot), shown(find_field(unset, field.path)->slot)) << field.path << " kept its default";
    EXPECT_TRUE(reading.given.contains(std::string(field.path))) << field.path;
  }
  EXPECT_EQ(to_yaml(reading.config),
            "kind: \"KubeProxyConfiguration\"\napiVersion: "
            "\"kubeproxy.config.k8s.io/v1alpha1\"\n" +
                std::string(kEverything)
                    .replace(0, std::string("featureGates: {\"AllowServiceExternalIPs\": false}").size(),
                             "featureGates:\n  AllowServiceExternalIPs: false"));
}

TEST(ProxyConfig, WhatKubeadmWritesIsTheDefaultsWithRangesAndKubeconfig) {
  const auto reading = read(kubeadm());
  ASSERT_TRUE(reading) << reading.error().text();
  EXPECT_THAT(reading->warnings, IsEmpty());
  ProxyConfig config = reading->config;
  complete(config);
  EXPECT_THAT(problems(config), IsEmpty());

  ProxyConfig expected;
  expected.cluster_cidr = "10.244.0.0/16,fd00:10:244::/56";
  expected.client_connection.kubeconfig = "/var/lib/kube-proxy/kubeconfig.conf";
  complete(expected);
  EXPECT_EQ(to_yaml(config), to_yaml(expected));
  EXPECT_THAT(cluster_cidrs(config), ElementsAre(*Prefix::parse("10.244.0.0/16"), *Prefix::parse("fd00:10:244::/56")));
  EXPECT_FALSE(reading->given.contains("iptables.minSyncPeriod")) << "0s stands for a field that is left out";
  EXPECT_FALSE(reading->given.contains("conntrack.min")) << "so does null";
}

TEST(ProxyConfig, ConfigzIsTheWholeConfigurationInTheSpellingOfGo) {
  ProxyConfig config;
  complete(config);
  EXPECT_EQ(
      configz_json(config),
      R"({"kubeproxy.config.k8s.io":{"kind":"KubeProxyConfiguration","apiVersion":"kubeproxy.config.k8s.io/v1alpha1",)"
      R"("clientConnection":{"kubeconfig":"","acceptContentTypes":"","contentType":"application/vnd.kubernetes.protobuf",)"
      R"("qps":5,"burst":10},"logging":{"format":"text","flushFrequency":5000000000,"verbosity":0,)"
      R"("options":{"text":{"infoBufferSize":"0"},"json":{"infoBufferSize":"0"}}},"hostnameOverride":"",)"
      R"("bindAddress":"0.0.0.0","healthzBindAddress":"0.0.0.0:10256","metricsBindAddress":"127.0.0.1:10249",)"
      R"("bindAddressHardFail":false,"enableProfiling":false,"showHiddenMetricsForVersion":"","mode":"iptables",)"
      R"("iptables":{"masqueradeBit":14,"masqueradeAll":false,"localhostNodePorts":true,"syncPeriod":"30s",)"
      R"("minSyncPeriod":"1s"},"ipvs":{"syncPeriod":"30s","minSyncPeriod":"0s","scheduler":"","excludeCIDRs":null,)"
      R"("strictARP":false,"tcpTimeout":"0s","tcpFinTimeout":"0s","udpTimeout":"0s"},"nftables":{"masqueradeBit":14,)"
      R"("masqueradeAll":false,"syncPeriod":"30s","minSyncPeriod":"1s"},"winkernel":{"networkName":"","sourceVip":"",)"
      R"("enableDSR":false,"rootHnsEndpointName":"","forwardHealthCheckVip":false},"detectLocalMode":"ClusterCIDR",)"
      R"("detectLocal":{"bridgeInterface":"","interfaceNamePrefix":""},"clusterCIDR":"","nodePortAddresses":null,)"
      R"("oomScoreAdj":-999,"conntrack":{"maxPerCore":32768,"min":131072,"tcpEstablishedTimeout":"24h0m0s",)"
      R"("tcpCloseWaitTimeout":"1h0m0s","tcpBeLiberal":false,"udpTimeout":"0s","udpStreamTimeout":"0s"},)"
      R"("configSyncPeriod":"15m0s","portRange":""}})");
}

TEST(ProxyConfig, JsonIsReadLikeYaml) {
  const auto reading = read(R"({"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
      "conntrack": {"min": 0, "tcpEstablishedTimeout": "0s"}, "featureGates": {"A": true, "B": false}})");
  ASSERT_TRUE(reading) << reading.error().text();
  EXPECT_EQ(reading->config.conntrack.min, 0) << "a pointer in Go: 0 is a value";
  EXPECT_EQ(reading->config.conntrack.tcp_established_timeout, 0s);
  EXPECT_TRUE(feature_gate(reading->config, "A", false));
  EXPECT_FALSE(feature_gate(reading->config, "B", true));
  EXPECT_TRUE(feature_gate(reading->config, "C", true));
}

TEST(ProxyConfig, TheServersFollowTheFamilyOfTheBindAddressAndGetTheirPorts) {
  const ProxyConfig v6 = completed("bindAddress: '::'\n");
  EXPECT_EQ(v6.healthz_bind_address, "[::]:10256");
  EXPECT_EQ(v6.metrics_bind_address, "[::1]:10249");
  EXPECT_EQ(node_address(v6), std::nullopt);
  const ProxyConfig bare =
      completed("bindAddress: 192.0.2.7\nhealthzBindAddress: 2001:db8::1\nmetricsBindAddress: 0.0.0.0\n");
  EXPECT_EQ(bare.healthz_bind_address, "[2001:db8::1]:10256");
  EXPECT_EQ(bare.metrics_bind_address, "0.0.0.0:10249");
  EXPECT_EQ(node_address(bare), Ip::parse("192.0.2.7"));
}

TEST(ProxyConfig, TheModeDecidesWhoseBlockCounts) {
  const std::string blocks =
      "iptables: {masqueradeAll: true, syncPeriod: 5s, minSyncPeriod: 4s}\n"
      "nftables: {masqueradeAll: false, syncPeriod: 3s, minSyncPeriod: 2s}\n";
  for (const std::string mode : {"", "iptables", "ipvs"}) {
    const ProxyConfig config = completed(blocks + "mode: '" + mode + "'\n");
    EXPECT_TRUE(masquerade_all(config));
    EXPECT_EQ(sync_period(config), 5s);
    EXPECT_EQ(min_sync_period(config), 4s);
  }
  const ProxyConfig config = completed(blocks + "mode: nftables\n");
  EXPECT_FALSE(masquerade_all(config));
  EXPECT_EQ(sync_period(config), 3s);
  EXPECT_EQ(min_sync_period(config), 2s);
}

TEST(ProxyConfig, AnUnknownFieldIsAWarningThatNamesFileFieldAndTheLikelyOne) {
  EXPECT_THAT(good("conntrack:\n  maxPerCor: 5\nfrobnicate: 1\niptables: {snatNodeInternalIP: true}\n").warnings,
              ElementsAre("kp.yaml: conntrack.maxPerCor: unknown field, ignored: did you mean 'maxPerCore'?",
                          "kp.yaml: frobnicate: unknown field, ignored",
                          "kp.yaml: iptables.snatNodeInternalIP: unknown field, ignored"));
  EXPECT_THAT(good("mode: ipvs\nmode: nftables\n").warnings,
              ElementsAre("kp.yaml: mode: is given twice, the last one counts"));
  EXPECT_EQ(good("mode: ipvs\nmode: nftables\n").config.mode, "nftables");
}

TEST(ProxyConfig, EveryValueOfAWrongTypeIsNamedAtOnce) {
  EXPECT_EQ(
      complaint(std::string(kHead) + "conntrack: {min: many, tcpBeLiberal: 7, udpTimeout: 30}\n"
                                     "iptables: 5\nnodePortAddresses: 10.0.0.0/8\noomScoreAdj: '-5'\n"
                                     "featureGates: {A: maybe}\nbindAddress: [1]\nlogging: {flushFrequency: x}\n"),
      "kp.yaml: conntrack.min: is 'many': expected a whole number; "
      "conntrack.tcpBeLiberal: is '7': expected true or false; "
      "conntrack.udpTimeout: is '30': expected a duration such as 30s or 1h0m0s; "
      "iptables: is '5': expected a mapping; "
      "nodePortAddresses: is '10.0.0.0/8': expected a list of texts; "
      "oomScoreAdj: is the text \"-5\": expected a whole number; "
      "featureGates: A is 'maybe': expected true or false; "
      "bindAddress: is a list: expected a text; "
      "logging.flushFrequency: is 'x': expected a duration such as 5s, or a number of nanoseconds");
}

TEST(ProxyConfig, AnotherKindOrVersionIsAnError) {
  EXPECT_EQ(complaint("apiVersion: kubeproxy.config.k8s.io/v1beta1\nkind: KubeProxyConfiguration\n"),
            "kp.yaml: apiVersion: is 'kubeproxy.config.k8s.io/v1beta1': expected kubeproxy.config.k8s.io/v1alpha1");
  EXPECT_THAT(complaint("apiVersion: v1\nkind: ConfigMap\n"),
              HasSubstr("kp.yaml: kind: is 'ConfigMap': expected KubeProxyConfiguration, or a file without"));
  EXPECT_THAT(complaint("apiVersion: kubeproxy.config.k8s.io/v1alpha1\n"), HasSubstr("kind: is ''"));
}

TEST(ProxyConfig, ConnectionsAreCountedForEachCpuWithinBounds) {
  ProxyConfig config;
  EXPECT_EQ(conntrack_max(config, 2), 131072U) << "min";
  EXPECT_EQ(conntrack_max(config, 8), 262144U);
  EXPECT_EQ(conntrack_max(config, 64), 1048576U) << "the most that kube-proxy sets";
  config.conntrack.max_per_core = 0;
  EXPECT_EQ(conntrack_max(config, 64), std::nullopt);
}

}  // namespace
}  // namespace sp::proxy
