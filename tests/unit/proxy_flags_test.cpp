// SPDX-License-Identifier: Apache-2.0
// Every flag of kube-proxy on our command line, the table of verdicts, and its page.
#include "loader/proxy/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

#include <fstream>
#include <set>

#include "loader/cli/cli.h"
#include "loader/proxy/fields.h"
#include "loader/proxy/verdicts.h"

namespace sp::proxy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

cli::Command parsed(const std::vector<std::string>& flags) {
  std::vector<const char*> words{"sallyport", "run", "--manifests", "/m"};
  for (const std::string& flag : flags) {
    words.push_back(flag.c_str());
  }
  return cli::parse(static_cast<int>(words.size()), words.data(), "v");
}

agent::RunOptions run(const std::vector<std::string>& flags) {
  const cli::Command command = parsed(flags);
  if (const auto* const message = std::get_if<cli::Message>(&command)) {
    ADD_FAILURE() << message->text;
    return {};
  }
  return std::get<agent::RunOptions>(command);
}

ProxyConfig applied(const std::vector<std::string>& flags) {
  ProxyConfig config;
  EXPECT_THAT(apply_flags(run(flags).proxy_flags, config), IsEmpty());
  complete(config);
  return config;
}

std::string refusal(const std::vector<std::string>& flags) {
  const cli::Command command = parsed(flags);
  const auto* const message = std::get_if<cli::Message>(&command);
  return message == nullptr ? "accepted" : message->text;
}

// A value that every flag with this name takes.
std::string sample(const Setting& setting) {
  if (setting.flag == "feature-gates") {
    return "AllowServiceExternalIPs=false";
  }
  if (setting.flag == "vmodule") {
    return "proxy*=3";
  }
  if (setting.fields.empty()) {
    return "x";
  }
  ProxyConfig config;
  const std::vector<Field> all = fields(config);
  const Slot slot = find_field(all, paths_of(setting).front())->slot;
  if (std::holds_alternative<Duration*>(slot) || std::holds_alternative<FlushFrequency>(slot)) {
    return "7m0s";
  }
  return std::holds_alternative<std::string*>(slot) || std::holds_alternative<std::vector<std::string>*>(slot)
             ? (setting.flag.ends_with("-port") ? "7" : "x")
             : "7";
}

TEST(ProxyFlags, EveryFlagOfTheTableParsesWithEqualsAndWithABlank) {
  const std::set<std::string_view> others{"config",  "write-config-to", "cleanup", "init-only",
                                          "version", "kubeconfig",      "master",  "hostname-override"};
  int seen = 0;
  for (const Setting& setting : settings()) {
    if (setting.flag.empty() || others.contains(setting.flag)) {
      continue;
    }
    ++seen;
    const std::string flag(setting.flag);
    const std::string name = "--" + flag;
    if (setting.takes == Takes::boolean) {
      EXPECT_THAT(run({name}).proxy_flags, ElementsAre(GivenFlag{flag, "true"}));
      EXPECT_THAT(run({name + "=false"}).proxy_flags, ElementsAre(GivenFlag{flag, "false"}));
      EXPECT_THAT(run({name + "=T"}).proxy_flags, ElementsAre(GivenFlag{flag, "T"}));
    } else {
      EXPECT_THAT(run({name + "=" + sample(setting)}).proxy_flags, ElementsAre(GivenFlag{flag, sample(setting)}));
      EXPECT_THAT(run({name, sample(setting)}).proxy_flags, ElementsAre(GivenFlag{flag, sample(setting)}));
    }
  }
  EXPECT_GT(seen, 60);
}

TEST(ProxyFlags, EveryFieldOfTheTableExistsAndEveryFieldHasAVerdict) {
  ProxyConfig config;
  const std::vector<Field> all = fields(config);
  std::set<std::string> judged;
  for (const Setting& setting : settings()) {
    for (const std::string& path : paths_of(setting)) {
      EXPECT_NE(find_field(all, path), nullptr) << path;
      judged.insert(path);
    }
  }
  for (const Field& field : all) {
    EXPECT_TRUE(judged.contains(std::string(field.path))) << field.path;
  }
}

TEST(ProxyFlags, TheCommandOfK3sIsUnderstood) {
  const ProxyConfig config =
      applied({"--cluster-cidr=10.42.0.0/16", "--conntrack-max-per-core=0", "--conntrack-tcp-timeout-close-wait=0s",
               "--conntrack-tcp-timeout-established=0s", "--healthz-bind-address=127.0.0.1", "--proxy-mode=iptables",
               "--feature-gates=A=true,B=false", "--feature-gates", "C=true"});
  EXPECT_THAT(problems(config), IsEmpty());
  EXPECT_EQ(config.cluster_cidr, "10.42.0.0/16");
  EXPECT_EQ(config.conntrack.max_per_core, 0);
  EXPECT_EQ(config.conntrack.tcp_close_wait_timeout, 0s);
  EXPECT_EQ(config.healthz_bind_address, "127.0.0.1:10256");
  EXPECT_EQ(config.feature_gates, (std::map<std::string, bool>{{"A", true}, {"B", false}, {"C", true}}));
}

TEST(ProxyFlags, OneFlagSetsBothBlocksAndListsGrow) {
  const ProxyConfig config = applied({"--masquerade-all", "--iptables-sync-period=9s", "--iptables-min-sync-period=0",
                                      "--nodeport-addresses=192.0.2.0/24,2001:db8::/64", "--nodeport-addresses",
                                      "198.51.100.0/24", "--oom-score-adj", "-5", "-v=4"});
  EXPECT_TRUE(config.iptables.masquerade_all);
  EXPECT_TRUE(config.nftables.masquerade_all);
  EXPECT_EQ(config.nftables.sync_period, 9s);
  EXPECT_EQ(config.iptables.min_sync_period, 0s) << "a flag can say 0";
  EXPECT_THAT(config.node_port_addresses, ElementsAre("192.0.2.0/24", "2001:db8::/64", "198.51.100.0/24"));
  EXPECT_EQ(config.oom_score_adj, -5);
  EXPECT_EQ(config.logging.verbosity, 4U);
}

TEST(ProxyFlags, PortsCompleteTheAddressesWhateverTheirPlace) {
  EXPECT_EQ(applied({"--healthz-port=1", "--healthz-bind-address=192.0.2.1"}).healthz_bind_address, "192.0.2.1:1");
  EXPECT_EQ(applied({"--healthz-bind-address=192.0.2.1:5", "--healthz-port=1"}).healthz_bind_address, "192.0.2.1:5");
  EXPECT_EQ(applied({"--healthz-port=1", "--metrics-port=2"}).metrics_bind_address, "127.0.0.1:2");
  EXPECT_EQ(applied({"--healthz-port=1", "--bind-address=::"}).healthz_bind_address, "[::]:1");
  EXPECT_EQ(parse_socket_address(applied({"--healthz-port=0"}).healthz_bind_address)->port, 0);
  EXPECT_EQ(applied({"--healthz-bind-address="}).healthz_bind_address, "0.0.0.0:10256");
}

TEST(ProxyFlags, ABadValueIsAUsageErrorThatNamesFlagAndValue) {
  EXPECT_EQ(refusal({"--conntrack-min=many"}),
            "sallyport run: --conntrack-min: is 'many': expected a whole number\nTry 'sallyport run --help'.\n");
  EXPECT_THAT(refusal({"--masquerade-all=maybe"}), testing::HasSubstr("--masquerade-all: is 'maybe'"));
  EXPECT_THAT(refusal({"--iptables-sync-period=30"}), testing::HasSubstr("expected a duration such as 30s"));
  EXPECT_THAT(refusal({"--healthz-port=65536"}), testing::HasSubstr("expected a port, or 0"));
  EXPECT_THAT(refusal({"--feature-gates=A"}), testing::HasSubstr("expected names with true or false"));
  EXPECT_THAT(refusal({"--clustercidr=10.0.0.0/8"}), testing::HasSubstr("did you mean --cluster-cidr?"));
}

TEST(ProxyFlags, SpellingsOfGoAreUnderstood) {
  EXPECT_THAT(run({"--log_dir=/a_b"}).proxy_flags, ElementsAre(GivenFlag{"log-dir", "/a_b"}));
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"-v=2"}, {"-v", "2"}, {"-v2"}, {"--v=2"}, {"--v", "2"}}) {
    EXPECT_THAT(run(words).proxy_flags, ElementsAre(GivenFlag{"v", "2"})) << words.front();
  }
}

// One line of docs/kube-proxy-flags.md for each row of the table.
std::vector<std::string> rows_due() {
  ProxyConfig defaults;
  complete(defaults);
  const std::vector<Field> all = fields(defaults);
  std::vector<std::string> rows;
  for (const Setting& setting : settings()) {
    const std::string flag =
        setting.flag.empty() ? "–" : (setting.flag == "v" ? "`-" : "`--") + std::string(setting.flag) + "`";
    std::string paths;
    std::string value = "–";
    for (const std::string& path : paths_of(setting)) {
      paths += (paths.empty() ? "`" : ", `") + path + "`";
      value = "`" + shown(find_field(all, path)->slot) + "`";
    }
    rows.push_back("| " + flag + " | " + (paths.empty() ? "–" : paths) + " | " + value + " | " +
                   std::string(to_string(setting.verdict)) + " | " + std::string(setting.effect) + " |");
  }
  return rows;
}

TEST(ProxyFlags, ThePageHasExactlyTheRowsOfTheTable) {
  std::ifstream stream(SP_SOURCE_DIR "/docs/kube-proxy-flags.md");
  std::vector<std::string> rows;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("| `--") || line.starts_with("| `-v`") || line.starts_with("| – |")) {
      rows.push_back(line);
    }
  }
  EXPECT_EQ(rows, rows_due()) << "the table of the page should be:\n" << fmt::format("{}", fmt::join(rows_due(), "\n"));
}

}  // namespace
}  // namespace sp::proxy
