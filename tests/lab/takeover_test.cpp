// SPDX-License-Identifier: Apache-2.0
// Sallyport takes over from kube-proxy under load: connections that the kernel's rules carry live on when the
// rules go, new ones are ours, and nobody's connection fails in between.
#include <fstream>

#include "tests/harness/kube_proxy_rules.h"
#include "tests/harness/lab_api.h"
#include "tests/harness/lab_environment.h"
#include "tests/harness/steady_load.h"

namespace sp::test {

namespace {

constexpr std::uint16_t kNodePort = 30080;
constexpr unsigned kExternal = 77;
const std::vector<std::string> kBackends = {"n1p1", "n2p1"};
constexpr Millis kProgressTimeout{20000};

}  // namespace

LabShape lab_shape() {
  return {.nodes = 2, .clients = 2, .pods = 1};
}

Result<void> prepare(const Lab& lab, Agents& agents, IdentityServers& servers) {
  SP_TRY(servers.listen(lab, kBackends, 8080));
  ServiceSpec web{.name = "web",
                  .node_port = kNodePort,
                  .externals = {pool_ip(Family::v4, kExternal), pool_ip(Family::v6, kExternal)}};
  for (const std::string& name : kBackends) {
    web.backends.push_back(backend(lab, name));
  }
  SP_TRY_ASSIGN(api, LabApi::start_shared(lab, "c2"));
  api->put(api_objects(web));
  agents.set_source(api->source_words());
  return {};
}

namespace {

// How a kube-proxy of one mode leaves its rules.
struct Mode {
  const char* name;
  const char* load4;  // commands that take the rules on stdin
  const char* load6;
  std::string (*rules)(const ProxiedService&);
};

constexpr Mode kModes[] = {
    {"IptablesNft", "iptables-nft-restore --noflush", "ip6tables-nft-restore --noflush", iptables_rules},
    {"IptablesLegacy", "iptables-legacy-restore --noflush", "ip6tables-legacy-restore --noflush", iptables_rules},
    {"Nftables", "nft -f -", "nft -f -", nftables_rules},
};

class Takeover : public LabTest, public ::testing::WithParamInterface<Mode> {
 protected:
  void must(const std::string& node, const std::string& command) const {
    const auto output = lab().run(node, {"sh", "-c", command});
    ASSERT_TRUE(ok(output));
    ASSERT_EQ(output->exit_code, 0) << node << ": " << command << "\n" << output->text;
  }
  [[nodiscard]] std::string output(const std::string& node, const std::string& command) const {
    const auto output = lab().run(node, {"sh", "-c", command});
    return output ? output->text : output.error().text();
  }
  // Every rule of the node, without counters and comments.
  [[nodiscard]] std::string rules(const std::string& node) const {
    return output(node,
                  "for tool in iptables-legacy ip6tables-legacy iptables-nft ip6tables-nft; do $tool-save 2>/dev/null; "
                  "done | grep -v '^#' | sed 's/ \\[[0-9:]*\\]//'; nft list tables");
  }

  void install_rules() {
    for (const std::string& node : lab().nodes()) {
      // In all the tables that the rules use, so that only rules differ afterwards.
      for (const char* tool : {"iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy"}) {
        must(node, std::string(tool) +
                       " -t nat -A PREROUTING -p tcp --dport 2222 -m comment --comment 'not \"kube\"' "
                       "-j RETURN");
      }
      before_[node] = rules(node);
      for (const Family family : {Family::v4, Family::v6}) {
        ProxiedService service{.family = family, .node_port = kNodePort, .external_ip = pool_ip(family, kExternal)};
        for (const std::string& pod : kBackends) service.pods.push_back(lab().host(pod).ip(family));
        const std::string file = lab().scratch() / "rules";
        std::ofstream(file) << GetParam().rules(service);
        must(node, std::string(family == Family::v4 ? GetParam().load4 : GetParam().load6) + " <" + file);
      }
    }
  }

  void SetUp() override {
    install_rules();
    std::vector<Endpoint> targets;
    for (const Family family : {Family::v4, Family::v6}) {
      for (const std::string& node : lab().nodes()) targets.push_back(lab().host(node).at(family, kNodePort));
      targets.push_back({pool_ip(family, kExternal), 80});
    }
    auto load = SteadyLoad::start({.from = netns("c1"), .targets = targets, .long_lived = 36});
    ASSERT_TRUE(ok(load));
    load_ = std::move(*load);
    progress();
  }
  void progress() { ASSERT_TRUE(ok(load_->await_progress(60, 3, kProgressTimeout))); }

  void TearDown() override {
    load_.reset();
    for (const std::string& node : lab().nodes()) {
      must(node, "nft flush ruleset; iptables-legacy -t nat -F; ip6tables-legacy -t nat -F");
    }
  }

  std::map<std::string, std::string> before_;
  std::unique_ptr<SteadyLoad> load_;
};

TEST_P(Takeover, R111_IsUnnoticedByOldConnectionsAndNewOnes) {
  ASSERT_TRUE(ok(agents().start_all()));
  for (const std::string& node : lab().nodes()) {
    ASSERT_TRUE(ok(agents().await_log(node, 0, {"takeover: removed"})));
  }
  progress();
  progress();
  const SteadyLoad::Report report = load_->stop();
  std::printf("%s\n", report.text().c_str());
  EXPECT_EQ(report.failed, 0u) << report.text();
  EXPECT_EQ(report.reset, 0u) << report.text();
  EXPECT_EQ(report.long_lived_identities.size(), kBackends.size());
  // The rest of the way is ours alone: nobody else has rules for it.
  for (const std::string& node : lab().nodes()) {
    EXPECT_TRUE(ok(ask(netns("c1"), Transport::tcp, lab().host(node).at(Family::v4, kNodePort))));
  }
  for (const std::string& node : lab().nodes()) {
    ASSERT_TRUE(ok(agents().stop(node)));
    const auto cleanup = agents().ask(node, {"cleanup", "--kube-proxy"});
    ASSERT_TRUE(ok(cleanup));
    EXPECT_EQ(cleanup->exit_code, 0) << cleanup->text;
    EXPECT_EQ(rules(node), before_[node]) << node;
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, Takeover, ::testing::ValuesIn(kModes),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace sp::test
