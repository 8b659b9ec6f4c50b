// SPDX-License-Identifier: Apache-2.0
// `sallyport run` where it stands in for kube-proxy: sources, switches, and tasks that end at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "loader/cli/cli.h"

namespace sp::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Command parsed(std::vector<const char*> words) {
  words.insert(words.begin(), {"sallyport", "run"});
  return parse(static_cast<int>(words.size()), words.data(), "sallyport 1.2.3");
}

std::string text(const std::vector<const char*>& words, int code) {
  const Command command = parsed(words);
  const auto* const message = std::get_if<Message>(&command);
  if (message == nullptr || message->code != code) {
    ADD_FAILURE() << "another outcome";
    return "";
  }
  return message->text;
}

class CliRun : public testing::Test {
 protected:
  CliRun() { ::unsetenv("KUBERNETES_SERVICE_HOST"); }
};

TEST_F(CliRun, TheCommandOfAKubeProxyDaemonSetWorks) {
  const Command command = parsed({"--config=/var/lib/kube-proxy/config.conf", "--hostname-override=node-1"});
  const auto& run = std::get<agent::RunOptions>(command);
  EXPECT_THAT(run.configs, ElementsAre("/var/lib/kube-proxy/config.conf"));
  EXPECT_EQ(run.node, "node-1");
}

TEST_F(CliRun, WithoutASourceTheThreeWaysAreNamed) {
  EXPECT_THAT(text({}, kUsage), AllOf(HasSubstr("--manifests DIR"), HasSubstr("--kubeconfig FILE"),
                                      HasSubstr("KUBERNETES_SERVICE_HOST")));
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{{"--manifests=/m"},
                                             {"--kubeconfig=/k"},
                                             {"--master=https://192.0.2.1:6443"},
                                             {"--config=/c"},
                                             {"--init-only"}}) {
    EXPECT_TRUE(std::holds_alternative<agent::RunOptions>(parsed(words))) << words.front();
  }
  ::setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
  EXPECT_TRUE(std::holds_alternative<agent::RunOptions>(parsed({})));
}

TEST_F(CliRun, ManifestsExcludeAKubeconfig) {
  EXPECT_THAT(text({"--manifests=/m", "--kubeconfig=/k"}, kUsage), HasSubstr("--kubeconfig"));
  EXPECT_THAT(text({"--manifests=/m", "--master=https://a"}, kUsage), HasSubstr("--master"));
}

TEST_F(CliRun, AnEmptyValueIsAValueAndTheLastOneWins) {
  const Command empty = parsed({"--manifests=/m", "--hostname-override=", "--config=/c"});
  EXPECT_EQ(std::get<agent::RunOptions>(empty).node, "");
  EXPECT_THAT(std::get<agent::RunOptions>(empty).configs, ElementsAre("/c"));
  const Command twice = parsed({"--manifests=/m", "--hostname-override=a", "--node", "b"});
  EXPECT_EQ(std::get<agent::RunOptions>(twice).node, "b");
}

TEST_F(CliRun, ConfigsRepeat) {
  const Command command = parsed({"--manifests=/m", "--config", "/a", "--config=/b"});
  EXPECT_THAT(std::get<agent::RunOptions>(command).configs, ElementsAre("/a", "/b"));
}

TEST_F(CliRun, TasksThatEndAtOnceNeedNoSource) {
  const Command cleanup = parsed({"--cleanup", "--pin-path=/p"});
  EXPECT_EQ(std::get<Cleanup>(cleanup).pin_path, "/p");
  EXPECT_TRUE(std::get<Cleanup>(cleanup).kube_proxy);
  EXPECT_TRUE(std::holds_alternative<agent::RunOptions>(parsed({"--cleanup=false", "--manifests=/m"})));

  const Command write = parsed({"--write-config-to=/out", "--cluster-cidr=10.0.0.0/8"});
  EXPECT_EQ(std::get<WriteConfig>(write).file, "/out");
  EXPECT_EQ(std::get<WriteConfig>(write).options.proxy_flags.size(), 1U);

  EXPECT_EQ(text({"--version"}, kSuccess), "sallyport 1.2.3\n");
  EXPECT_EQ(text({"--version=raw"}, kSuccess), "sallyport 1.2.3\n");
  EXPECT_TRUE(std::get<agent::RunOptions>(parsed({"--init-only=true"})).init_only);
  EXPECT_THAT(text({"--cleanup=perhaps"}, kUsage), HasSubstr("is 'perhaps': expected true or false"));
}

TEST_F(CliRun, CleanupTouchesKubeProxysRulesOnlyWhenAsked) {
  std::vector<const char*> words{"sallyport", "cleanup", "--kube-proxy"};
  EXPECT_TRUE(std::get<Cleanup>(parse(3, words.data(), "")).kube_proxy);
  EXPECT_FALSE(std::get<Cleanup>(parse(2, words.data(), "")).kube_proxy);
}

TEST_F(CliRun, TheHelpHasGroupsAndNamesIgnoredFlagsInOneParagraph) {
  const std::string help = text({"--help"}, kSuccess);
  EXPECT_THAT(help, AllOf(HasSubstr("Source: one of:"), HasSubstr("Node:"), HasSubstr("As kube-proxy has them:"),
                          HasSubstr("Accepted and ignored:\n"), HasSubstr("Refused, because of Windows:\n")));
  EXPECT_THAT(help, HasSubstr("--kube-api-qps"));
  EXPECT_THAT(help, Not(HasSubstr("--kube-api-qps VALUE")));
}

}  // namespace
}  // namespace sp::cli
