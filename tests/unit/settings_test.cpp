// SPDX-License-Identifier: Apache-2.0
// What `sallyport run` decides from its command line and the files of --config.
#include "loader/agent/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace sp::agent {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

constexpr const char* kHead = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";

class SettingsTest : public testing::Test {
 protected:
  SettingsTest() {
    std::string name = (fs::temp_directory_path() / "sp-settings-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    ::unsetenv("KUBERNETES_SERVICE_HOST");
    options_.node = "n";
  }
  ~SettingsTest() override { fs::remove_all(folder_); }

  // A file that --config names.
  fs::path config(const std::string& name, const std::string& text) {
    const fs::path file = folder_ / name;
    std::ofstream(file) << text;
    options_.configs.push_back(file);
    return file;
  }
  Settings good() {
    auto settings = resolve(options_);
    EXPECT_TRUE(settings) << settings.error().text();
    return settings ? *std::move(settings) : Settings{};
  }
  std::string complaint() {
    const auto settings = resolve(options_);
    EXPECT_FALSE(settings) << "accepted";
    return settings ? "" : settings.error().text();
  }
  static std::vector<std::string> lines(const Settings& settings, log::Level level) {
    std::vector<std::string> texts;
    for (const Remark& remark : settings.remarks) {
      if (remark.level == level) {
        texts.push_back(remark.text);
      }
    }
    return texts;
  }

  fs::path folder_;
  RunOptions options_;
};

TEST_F(SettingsTest, ManifestsNeedNothingElse) {
  options_.manifests = "/m";
  options_.node = " Node-1 ";
  const Settings settings = good();
  EXPECT_EQ(settings.source, SourceKind::manifests);
  EXPECT_EQ(settings.node, "node-1");
  EXPECT_EQ(settings.log_level, log::Level::info);
  EXPECT_EQ(settings.config.timeouts, Timeouts{});
  EXPECT_EQ(settings.config.sync_period, 30s);
  EXPECT_EQ(settings.config.min_sync_period, 0s);
  EXPECT_THAT(settings.remarks, IsEmpty());
  EXPECT_THAT(settings.files, IsEmpty());
}

TEST_F(SettingsTest, TheSourceIsWhatIsNamedFirst) {
  EXPECT_EQ(complaint(), kNoSource);
  ::setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
  EXPECT_EQ(good().source, SourceKind::kubernetes);
  EXPECT_EQ(good().kubeconfig, "");
  ::unsetenv("KUBERNETES_SERVICE_HOST");
  config("kp.yaml", std::string(kHead) + "clientConnection: {kubeconfig: /from-file}\n");
  EXPECT_EQ(good().kubeconfig, "/from-file");
  options_.kubeconfig = "/from-flag";
  EXPECT_EQ(good().kubeconfig, "/from-flag");
  EXPECT_EQ(good().proxy.client_connection.kubeconfig, "/from-flag");
  options_.manifests = "/m";
  EXPECT_EQ(good().source, SourceKind::manifests);
}

TEST_F(SettingsTest, TheConfigMapOfKubeadmIsEnough) {
  options_.configs = {SP_SOURCE_DIR "/docs/examples/kube-proxy-config.yaml"};
  options_.node = "";
  options_.proxy_flags = {{"v", "2"}};
  const Settings settings = good();
  EXPECT_EQ(settings.source, SourceKind::kubernetes);
  EXPECT_EQ(settings.kubeconfig, "/var/lib/kube-proxy/kubeconfig.conf");
  EXPECT_EQ(settings.config.maps.flows4, kernel::Sizes{}.flows4) << "nobody has asked for larger tables";
  EXPECT_EQ(settings.config.min_sync_period, 0s);
  EXPECT_THAT(lines(settings, log::Level::info), IsEmpty());
  EXPECT_THAT(lines(settings, log::Level::warn), ElementsAre(HasSubstr("nodePortAddresses is not set")));
  ASSERT_EQ(settings.files.size(), 1U);
  EXPECT_THAT(settings.files[0].text, HasSubstr("kind: KubeProxyConfiguration"));
}

TEST_F(SettingsTest, KubeProxysConfigurationFillsOurs) {
  options_.manifests = "/m";
  config("kp.yaml", std::string(kHead) + R"(
hostnameOverride: Other
mode: nftables
nftables: {syncPeriod: 20s, minSyncPeriod: 3s}
nodePortAddresses: [192.0.2.0/24]
conntrack: {tcpEstablishedTimeout: 2h, tcpCloseWaitTimeout: 0s, udpStreamTimeout: 1500ms, min: 800000, maxPerCore: 1}
logging: {verbosity: 4}
)");
  options_.node = "";
  const Settings settings = good();
  EXPECT_EQ(settings.node, "other");
  EXPECT_EQ(settings.log_level, log::Level::debug);
  EXPECT_EQ(settings.config.timeouts.tcp_established, 2h);
  EXPECT_EQ(settings.config.timeouts.tcp_close_wait, Timeouts{}.tcp_close_wait) << "0 leaves it as it is";
  EXPECT_EQ(settings.config.timeouts.udp_stream, 2s) << "rounded up";
  EXPECT_EQ(settings.config.sync_period, 20s);
  EXPECT_EQ(settings.config.min_sync_period, 3s);
  EXPECT_THAT(settings.config.node_port_addresses, ElementsAre(*Prefix::parse("192.0.2.0/24")));
  EXPECT_EQ(settings.config.maps.flows4, 1600000U) << "two entries for each connection";
  EXPECT_EQ(settings.config.maps.flows6, kernel::Sizes{}.flows6);
  EXPECT_THAT(lines(settings, log::Level::info), Contains(HasSubstr("maps.flows4 is 1600000")));

  options_.node = "Flag";
  options_.log_level = log::Level::warn;
  EXPECT_EQ(good().node, "flag");
  EXPECT_EQ(good().log_level, log::Level::warn);
}

TEST_F(SettingsTest, OurOwnFileBeatsKubeProxysInAnyOrder) {
  options_.manifests = "/m";
  config("own.yaml", "timeouts: {tcp_established: 60}\nnodePortAddresses: [198.51.100.0/24]\n");
  config("kp.yaml", std::string(kHead) +
                        "nodePortAddresses: [192.0.2.0/24]\n"
                        "conntrack: {tcpEstablishedTimeout: 2h, tcpCloseWaitTimeout: 2m}\n");
  const Settings settings = good();
  EXPECT_EQ(settings.config.timeouts.tcp_established, 60s);
  EXPECT_EQ(settings.config.timeouts.tcp_close_wait, 120s);
  EXPECT_THAT(settings.config.node_port_addresses, ElementsAre(*Prefix::parse("198.51.100.0/24")));
  EXPECT_THAT(settings.proxy.node_port_addresses, ElementsAre("198.51.100.0/24")) << "/configz tells what holds";
  EXPECT_EQ(settings.files.size(), 2U);
}

TEST_F(SettingsTest, AFileReplacesFlagsAndOneWarningNamesThem) {
  options_.manifests = "/m";
  options_.proxy_flags = {{"cluster-cidr", "10.0.0.0/8"}, {"v", "4"}, {"proxy-mode", "ipvs"}, {"cluster-cidr", "x"}};
  const fs::path file = config("kp.yaml", std::string(kHead) + "clusterCIDR: 172.16.0.0/12\n");
  const Settings settings = good();
  EXPECT_EQ(settings.proxy.cluster_cidr, "172.16.0.0/12");
  EXPECT_EQ(settings.proxy.mode, "iptables");
  EXPECT_EQ(settings.log_level, log::Level::debug) << "logging flags count";
  EXPECT_THAT(lines(settings, log::Level::warn), ElementsAre("flags that " + file.string() +
                                                             " replaces are ignored, as by kube-proxy: --cluster-cidr, "
                                                             "--proxy-mode"));
}

TEST_F(SettingsTest, R029_TheGateOfExternalIpsIsHonoured) {
  options_.manifests = "/m";
  EXPECT_TRUE(good().config.external_ips);
  options_.proxy_flags = {{"feature-gates", "AllowServiceExternalIPs=false"}};
  EXPECT_FALSE(good().config.external_ips);
}

TEST_F(SettingsTest, R058_EveryDetectLocalModeOfKubeProxyIsOurs) {
  using Mode = DetectLocal::Mode;
  options_.manifests = "/m";
  const auto with = [this](std::vector<proxy::GivenFlag> flags) {
    options_.proxy_flags = std::move(flags);
    return good().config.detect_local;
  };
  EXPECT_EQ(with({}), DetectLocal{}) << "ClusterCIDR without a range is no detector";
  EXPECT_EQ(with({{"cluster-cidr", "10.1.0.0/16,fd00::/56"}}),
            (DetectLocal{Mode::cluster_cidr, {*Prefix::parse("10.1.0.0/16"), *Prefix::parse("fd00::/56")}, {}}));
  EXPECT_EQ(with({{"detect-local-mode", "NodeCIDR"}, {"cluster-cidr", "10.1.0.0/16"}}),
            (DetectLocal{Mode::node_cidr, {}, {}}));
  EXPECT_EQ(with({{"detect-local-mode", "BridgeInterface"}, {"pod-bridge-interface", "cni0"}}),
            (DetectLocal{Mode::devices, {}, {"cni0"}}));
  EXPECT_EQ(with({{"detect-local-mode", "InterfaceNamePrefix"}, {"pod-interface-name-prefix", "cali"}}),
            (DetectLocal{Mode::devices, {}, {"cali*"}}));
}

TEST_F(SettingsTest, R054_R080_R078_KubeProxysSwitchesAndAddressAreOurs) {
  options_.manifests = "/m";
  EXPECT_FALSE(good().config.masquerade_all);
  EXPECT_TRUE(good().config.localhost_node_ports);
  EXPECT_EQ(good().config.node_address, std::nullopt) << "a wildcard is nobody's address";
  options_.proxy_flags = {{"masquerade-all", "true"},
                          {"iptables-localhost-nodeports", "false"},
                          {"proxy-mode", "nftables"},
                          {"bind-address", "192.0.2.7"}};
  const Settings settings = good();
  EXPECT_TRUE(settings.config.masquerade_all);
  EXPECT_FALSE(settings.config.localhost_node_ports);
  EXPECT_EQ(settings.config.node_address, Ip::parse("192.0.2.7"));
  EXPECT_THAT(lines(settings, log::Level::info), ElementsAre(HasSubstr("mode=nftables")));
}

TEST_F(SettingsTest, OurOwnFileBeatsKubeProxysAboutLocalTrafficAndConfigzTells) {
  using Mode = DetectLocal::Mode;
  options_.manifests = "/m";
  options_.proxy_flags = {{"cluster-cidr", "10.1.0.0/16"}, {"masquerade-all", "true"}};
  const fs::path own = config("own.yaml", "");
  const auto with = [&](const std::string& text) {
    std::ofstream(own, std::ios::trunc) << text;
    return good();
  };
  Settings settings = with("detect_local: {mode: none}\nmasquerade_all: false\nlocalhost_node_ports: false\n");
  EXPECT_EQ(settings.config.detect_local, DetectLocal{});
  EXPECT_EQ(settings.proxy.cluster_cidr, "");
  EXPECT_FALSE(settings.config.masquerade_all);
  EXPECT_FALSE(proxy::masquerade_all(settings.proxy));
  EXPECT_FALSE(settings.proxy.iptables.localhost_node_ports);
  settings = with("detect_local: {mode: cluster-cidr, cluster_cidrs: [10.2.0.0/16]}\n");
  EXPECT_EQ(settings.config.detect_local.mode, Mode::cluster_cidr);
  EXPECT_EQ(settings.proxy.cluster_cidr, "10.2.0.0/16");
  EXPECT_TRUE(settings.config.masquerade_all) << "not given there";
  settings = with("detect_local: {mode: devices, devices: [\"cali*\"]}\n");
  EXPECT_EQ(settings.proxy.detect_local_mode, "InterfaceNamePrefix");
  EXPECT_EQ(settings.proxy.detect_local.interface_name_prefix, "cali");
  settings = with("detect_local: {mode: devices, devices: [cni0]}\n");
  EXPECT_EQ(settings.proxy.detect_local_mode, "BridgeInterface");
  EXPECT_EQ(settings.proxy.detect_local.bridge_interface, "cni0");
  settings = with("detect_local: {mode: node-cidr}\n");
  EXPECT_EQ(settings.proxy.detect_local_mode, "NodeCIDR");
}

TEST_F(SettingsTest, OurOwnFileReplacesNoFlag) {
  options_.manifests = "/m";
  options_.proxy_flags = {{"iptables-min-sync-period", "2s"}, {"kube-api-qps", "50"}};
  config("own.yaml", "aging_interval: 9\n");
  const Settings settings = good();
  EXPECT_EQ(settings.config.min_sync_period, 2s);
  EXPECT_EQ(settings.config.aging_interval, 9s);
  EXPECT_THAT(lines(settings, log::Level::info),
              ElementsAre(HasSubstr("accepted and ignored: clientConnection.qps=50")));
}

TEST_F(SettingsTest, TheCommandLineBeatsOurOwnFileAboutLocalDelivery) {
  options_.manifests = "/m";
  config("own.yaml", "local_delivery: xdp\n");
  EXPECT_EQ(good().config.local_delivery, LocalDelivery::xdp);
  options_.local_delivery = LocalDelivery::peer;
  EXPECT_EQ(good().config.local_delivery, LocalDelivery::peer);
}

TEST_F(SettingsTest, AllProblemsAreOneErrorThatNamesTheFile) {
  options_.manifests = "/m";
  const fs::path file = config("kp.yaml", std::string(kHead) + "mode: kernelspace\noomScoreAdj: 5000\n");
  EXPECT_EQ(complaint(), file.string() +
                             ": mode: is kernelspace: expected iptables, ipvs or nftables; "
                             "oomScoreAdj: is 5000: expected -1000 to 1000");
}

TEST_F(SettingsTest, TwoDocumentsOfOneKindAreAnError) {
  options_.manifests = "/m";
  const fs::path both = config("both.yaml", std::string(kHead) + "---\naging_interval: 9\n---\n");
  EXPECT_EQ(good().config.aging_interval, 9s) << "one of each may share a file";
  const fs::path own = config("own.yaml", "aging_interval: 8\n");
  EXPECT_EQ(complaint(), own.string() + ": has settings of Sallyport, and so has " + both.string() + ": expected one");
  options_.configs.pop_back();
  const fs::path second = config("second.yaml", kHead);
  EXPECT_EQ(complaint(),
            second.string() + ": has a KubeProxyConfiguration, and so has " + both.string() + ": expected one");
}

TEST_F(SettingsTest, AFileThatCannotBeReadIsAnErrorThatNamesIt) {
  options_.manifests = "/m";
  options_.configs = {"/nonexistent/sp.yaml"};
  EXPECT_EQ(complaint(), "--config /nonexistent/sp.yaml: cannot be read: No such file or directory");
  options_.configs = {"/"};
  EXPECT_EQ(complaint(), "--config /: is not a file");
  options_.configs.clear();
  const fs::path file = config("broken.yaml", "a: [1");
  EXPECT_THAT(complaint(), testing::StartsWith(file.string() + ": line "));
}

TEST_F(SettingsTest, WhatIsWrittenIsReadBackToTheSame) {
  options_.kubeconfig = "/k";
  options_.proxy_flags = {{"cluster-cidr", "10.0.0.0/8"}, {"masquerade-all", "true"}, {"feature-gates", "A=false"}};
  const fs::path file = folder_ / "written.yaml";
  const auto written = write_config(options_, file);
  ASSERT_TRUE(written) << written.error().text();
  const std::string before = proxy::to_yaml(good().proxy);
  options_.proxy_flags.clear();
  options_.configs = {file};
  EXPECT_EQ(proxy::to_yaml(good().proxy), before);
  EXPECT_FALSE(write_config(options_, "/nonexistent/x"));
}

}  // namespace
}  // namespace sp::agent
