// SPDX-License-Identifier: Apache-2.0
#include "loader/access/kubeconfig.h"

#include <gmock/gmock.h>

#include <string>

#include "loader/access/base64.h"

namespace sp::access {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

// A kubeconfig whose cluster and user have these lines, indented as they have to be.
std::string with(const std::string& cluster, const std::string& user) {
  const auto indented = [](std::string text) {
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; ++at) {
      text.replace(at, 1, "\n    ");
      at += 4;
    }
    return text;
  };
  return "apiVersion: v1\nkind: Config\ncurrent-context: node\n"
         "contexts:\n- name: other\n  context: {cluster: nowhere, user: nobody}\n"
         "- name: node\n  context:\n    cluster: prod\n    user: proxy\n"
         "clusters:\n- name: prod\n  cluster:\n    " +
         indented(cluster) + "\nusers:\n- name: proxy\n  user:\n    " + indented(user) + "\n";
}

Kubeconfig parsed(const std::string& text) {
  auto config = parse_kubeconfig(text, "/etc/kubernetes/proxy.conf");
  EXPECT_TRUE(config) << config.error().text();
  return config ? *config : Kubeconfig{};
}

std::string refusal(const std::string& text) {
  const auto config = parse_kubeconfig(text, "/etc/kubernetes/proxy.conf");
  return config ? "accepted" : config.error().text();
}

TEST(Kubeconfig, ReadsTheCurrentContext) {
  const Kubeconfig config = parsed(with(
      "server: https://192.0.2.1:6443\ntls-server-name: kubernetes\nproxy-url: http://192.0.2.9:3128", "token: abc"));
  EXPECT_EQ(config.context, "node");
  EXPECT_EQ(config.cluster.name, "prod");
  EXPECT_EQ(config.cluster.server, "https://192.0.2.1:6443");
  EXPECT_EQ(config.cluster.tls_server_name, "kubernetes");
  EXPECT_EQ(config.cluster.proxy_url, "http://192.0.2.9:3128");
  EXPECT_FALSE(config.cluster.skip_verify);
  EXPECT_EQ(config.user.name, "proxy");
  EXPECT_EQ(config.user.token, "abc");
}

TEST(Kubeconfig, ReadsJson) {
  const Kubeconfig config = parsed(
      R"({"kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k"}}],
          "clusters": [{"name": "k", "cluster": {"server": "https://192.0.2.1", "insecure-skip-tls-verify": true}}]})");
  EXPECT_TRUE(config.cluster.skip_verify);
  EXPECT_EQ(config.user.name, "") << "no user: anonymous";
}

TEST(Kubeconfig, TakesRelativePathsFromItsOwnFolder) {
  const Kubeconfig config = parsed(with("server: https://h\ncertificate-authority: pki/ca.crt",
                                        "client-certificate: ../c.crt\nclient-key: /k.key\ntokenFile: token"));
  EXPECT_EQ(config.cluster.ca.file, "/etc/kubernetes/pki/ca.crt");
  EXPECT_EQ(config.user.certificate.file, "/etc/c.crt");
  EXPECT_EQ(config.user.key.file, "/k.key");
  EXPECT_EQ(config.user.token_file, "/etc/kubernetes/token");
}

TEST(Kubeconfig, DataBeatsFiles) {
  const Kubeconfig config = parsed(
      with("server: https://h\ncertificate-authority: ca.crt\ncertificate-authority-data: Y2E=",
           "client-certificate: c.crt\nclient-certificate-data: Y2VydA==\nclient-key: c.key\nclient-key-data: a2V5"));
  EXPECT_EQ(config.cluster.ca.data, "ca");
  EXPECT_TRUE(config.cluster.ca.file.empty());
  EXPECT_EQ(config.user.certificate.data, "cert");
  EXPECT_EQ(config.user.key.data, "key");
}

TEST(Kubeconfig, ReadsACredentialPlugin) {
  const Kubeconfig config = parsed(with("server: https://h", R"(exec:
  apiVersion: client.authentication.k8s.io/v1beta1
  command: ./bin/login
  args: [--cluster, "7"]
  env:
  - {name: REGION, value: north}
  installHint: see the wiki
  provideClusterInfo: true
  interactiveMode: IfAvailable)"));
  ASSERT_TRUE(config.user.exec);
  EXPECT_EQ(config.user.exec->command, "/etc/kubernetes/bin/login");
  EXPECT_THAT(config.user.exec->arguments, ElementsAre("--cluster", "7"));
  EXPECT_THAT(config.user.exec->environment, ElementsAre(Pair("REGION", "north")));
  EXPECT_EQ(config.user.exec->install_hint, "see the wiki");
  EXPECT_TRUE(config.user.exec->provide_cluster_info);
  EXPECT_EQ(parsed(with("server: https://h", "exec: {apiVersion: client.authentication.k8s.io/v1, command: login}"))
                .user.exec->command,
            "login")
      << "a bare name is looked up in PATH";
}

TEST(Kubeconfig, IgnoresUnknownKeys) {
  EXPECT_EQ(parsed("preferences: {colors: true}\nextensions: []\n" +
                   with("server: https://h\ndisable-compression: true\nfuture: [1]", "token: t\nfuture: {a: b}"))
                .user.token,
            "t");
}

TEST(Kubeconfig, ErrorsNameFileKeyAndWhatIsExpected) {
  EXPECT_THAT(refusal("a: [b"), StartsWith("kubeconfig /etc/kubernetes/proxy.conf: "));
  EXPECT_THAT(refusal(""), HasSubstr("expected one document"));
  EXPECT_THAT(refusal("kind: Pod"), HasSubstr("expected Config"));
  EXPECT_THAT(refusal("kind: Config"), HasSubstr("current-context is missing"));
  EXPECT_THAT(refusal("current-context: c\ncontexts: [{name: a}, {name: b}]"),
              HasSubstr("contexts has no entry 'c': expected one with that name, there are 'a', 'b'"));
  EXPECT_THAT(refusal("current-context: c\ncontexts: [{name: c, context: {cluster: k}}]"),
              HasSubstr("clusters has no entry 'k'"));
  EXPECT_THAT(refusal(with("server: [a]", "token: t")), HasSubstr("clusters[0].cluster.server is a list"));
  EXPECT_THAT(refusal(with("server: https://h\ninsecure-skip-tls-verify: yes", "token: t")),
              HasSubstr("clusters[0].cluster.insecure-skip-tls-verify is neither true nor false"));
  EXPECT_THAT(refusal(with("server: https://h\ncertificate-authority-data: '%%%'", "token: t")),
              HasSubstr("certificate-authority-data is not base64"));
  EXPECT_THAT(refusal(with("server: https://h\ncertificate-authority: c\ninsecure-skip-tls-verify: true", "token: t")),
              HasSubstr("remove one of them"));
  EXPECT_THAT(refusal(with("server: https://h", "client-certificate: c")), HasSubstr("user.client-key is missing"));
  EXPECT_THAT(refusal(with("server: https://h", "auth-provider: {name: gcp}")),
              HasSubstr("users[0].user.auth-provider was removed from Kubernetes"));
}

TEST(Kubeconfig, RefusesPluginsThatCannotWork) {
  const auto plugin = [](const std::string& lines) {
    return refusal(with("server: https://h", "exec: {" + lines + "}"));
  };
  const std::string version = "apiVersion: client.authentication.k8s.io/v1";
  EXPECT_THAT(plugin("command: login"), HasSubstr("users[0].user.exec.apiVersion"));
  EXPECT_THAT(plugin("apiVersion: client.authentication.k8s.io/v1alpha1, command: login"), HasSubstr("v1beta1"));
  EXPECT_THAT(plugin(version), HasSubstr("exec.command is missing"));
  EXPECT_THAT(plugin(version + ", command: login, interactiveMode: Always"), HasSubstr("has no terminal"));
  EXPECT_THAT(plugin(version + ", command: login, args: login"),
              HasSubstr("exec.args is a single value: expected a list"));
  EXPECT_THAT(plugin(version + ", command: login, env: [{name: 'A=B', value: c}]"), HasSubstr("env[0].name"));
}

TEST(Kubeconfig, ErrorsQuoteNoSecrets) {
  EXPECT_EQ(refusal(with("server: https://h", "token: {hunter2: hunter2}")).find("hunter2"), std::string::npos);
  EXPECT_EQ(refusal(with("server: https://h", "client-key-data: hunter2!")).find("hunter2"), std::string::npos);
}

TEST(Base64, GoesBothWays) {
  for (const std::string text : {"", "a", "ab", "abc", "abcd", "\xff\x00\x01"}) {
    EXPECT_EQ(decode_base64(encode_base64(text)), text);
  }
  EXPECT_EQ(decode_base64("YWJj\nZA==\n"), "abcd");
  for (const char* text : {"YWJ", "YW=j", "====", "Y", "YWJj!A=="}) {
    EXPECT_FALSE(decode_base64(text)) << text;
  }
}

}  // namespace
}  // namespace sp::access
