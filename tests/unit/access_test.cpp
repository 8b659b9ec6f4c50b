// SPDX-License-Identifier: Apache-2.0
#include "loader/access/access.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <optional>

#include "loader/access/secret_file.h"
#include "tests/harness/certificates.h"
#include "tests/harness/scratch_folder.h"

namespace sp::test {
namespace {

using access::Access;
using ::testing::HasSubstr;

class AccessTest : public testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("KUBERNETES_SERVICE_HOST");
    ::unsetenv("KUBERNETES_SERVICE_PORT");
    folder.write("ca.crt", authority.pem());
    folder.write("token", "first\n");
  }

  // A kubeconfig with these keys of the one cluster and the one user.
  void write_kubeconfig(const std::string& cluster, const std::string& user) const {
    folder.write("config",
                 "current-context: node\ncontexts: [{name: node, context: {cluster: k, user: u}}]\n"
                 "clusters: [{name: k, cluster: {" +
                     cluster + "}}]\nusers: [{name: u, user: {" + user + "}}]\n");
  }
  std::unique_ptr<Access> open(const access::Options& options) {
    auto opened = Access::open(loop, options);
    EXPECT_TRUE(opened) << opened.error().text();
    return opened ? std::move(opened).value() : nullptr;
  }
  std::unique_ptr<Access> open_config() { return open({.kubeconfig = folder.path("config")}); }
  std::string refusal(const access::Options& options) {
    const auto opened = Access::open(loop, options);
    return opened ? "accepted" : opened.error().text();
  }

  static http::Server server_of(Access& access) {
    auto server = access.server();
    EXPECT_TRUE(server) << server.error().text();
    return server ? *server : http::Server{};
  }
  static http::Credentials credentials_of(Access& access) {
    std::optional<http::Credentials> given;
    access.credentials([&given](Result<http::Credentials> got) {
      ASSERT_TRUE(got) << got.error().text();
      given = *got;
    });
    EXPECT_TRUE(given) << "files need no loop";
    return given.value_or(http::Credentials{});
  }

  ScratchFolder folder;
  Authority authority{"cluster authority"};
  EventLoop loop = std::move(EventLoop::create()).value();
};

TEST_F(AccessTest, AKubeconfigGivesServerAndCredentials) {
  write_kubeconfig("server: 'https://192.0.2.1:6443', certificate-authority: ca.crt, tls-server-name: kubernetes",
                   "token: abc");
  const auto access = open_config();
  const http::Server server = server_of(*access);
  EXPECT_EQ(server.url, "https://192.0.2.1:6443");
  EXPECT_EQ(server.ca_pem, authority.pem());
  EXPECT_EQ(server.tls_server_name, "kubernetes");
  EXPECT_EQ(server.ca_origin, folder.path("ca.crt").string());
  EXPECT_EQ(credentials_of(*access).bearer_token, "abc");
  EXPECT_EQ(access->text(), "kubeconfig " + folder.path("config").string() + ", context node");
}

TEST_F(AccessTest, MasterReplacesTheServer) {
  write_kubeconfig("server: 'https://192.0.2.1:6443'", "token: abc");
  const auto access = open({.kubeconfig = folder.path("config"), .master = "https://192.0.2.2"});
  EXPECT_EQ(server_of(*access).url, "https://192.0.2.2");
  EXPECT_EQ(credentials_of(*access).bearer_token, "abc");
}

TEST_F(AccessTest, ATokenFileBeatsATokenAndIsReadAgainWhenItChanges) {
  write_kubeconfig("server: 'https://h'", "token: abc, tokenFile: token");
  const auto access = open_config();
  EXPECT_EQ(credentials_of(*access).bearer_token, "first");
  folder.replace("token", "second");
  EXPECT_EQ(credentials_of(*access).bearer_token, "second");
}

TEST_F(AccessTest, AFileThatIsGoneOrHalfWrittenKeepsItsLastContent) {
  write_kubeconfig("server: 'https://h', certificate-authority: ca.crt", "tokenFile: token");
  const auto access = open_config();
  std::filesystem::remove(folder.path("token"));
  EXPECT_EQ(credentials_of(*access).bearer_token, "first");
  folder.write("token", "  \n");
  EXPECT_EQ(credentials_of(*access).bearer_token, "first");
  folder.write("token", "second");
  EXPECT_EQ(credentials_of(*access).bearer_token, "second");
  folder.write("ca.crt", authority.pem().substr(0, 100));
  EXPECT_EQ(server_of(*access).ca_pem, authority.pem());
  const Authority other("next authority");
  folder.write("ca.crt", other.pem());
  EXPECT_EQ(server_of(*access).ca_pem, other.pem());
}

TEST_F(AccessTest, RefusedCredentialsAreReadAgainWhateverStatSays) {
  write_kubeconfig("server: 'https://h'", "tokenFile: token");
  const auto access = open_config();
  ASSERT_EQ(credentials_of(*access).bearer_token, "first");
  // Same size, same inode, same times: only the content tells.
  const auto before = std::filesystem::last_write_time(folder.path("token"));
  folder.write("token", "other\n");
  std::filesystem::last_write_time(folder.path("token"), before);
  ASSERT_EQ(credentials_of(*access).bearer_token, "first");
  access->refused();
  EXPECT_EQ(credentials_of(*access).bearer_token, "other");
}

TEST_F(AccessTest, ClientCertificatesAreReadFromFiles) {
  const Identity identity = authority.issue({.common_name = "system:kube-proxy"});
  folder.write("c.crt", identity.certificate_pem);
  folder.write("c.key", identity.key_pem);
  write_kubeconfig("server: 'https://h'", "client-certificate: c.crt, client-key: c.key");
  const http::Credentials credentials = credentials_of(*open_config());
  ASSERT_TRUE(credentials.certificate);
  EXPECT_EQ(credentials.certificate->certificate_pem, identity.certificate_pem);
  EXPECT_EQ(credentials.certificate->key_pem, identity.key_pem);
}

TEST_F(AccessTest, WhatIsMissingFromTheStartIsAnErrorThatNamesIt) {
  EXPECT_THAT(refusal({.kubeconfig = folder.path("absent")}), HasSubstr(folder.path("absent").string()));
  write_kubeconfig("server: 'https://h', certificate-authority: absent.crt", "token: t");
  EXPECT_THAT(refusal({.kubeconfig = folder.path("config")}), HasSubstr(folder.path("absent.crt").string()));
  write_kubeconfig("server: 'https://h'", "tokenFile: absent");
  EXPECT_THAT(refusal({.kubeconfig = folder.path("config")}), HasSubstr(folder.path("absent").string()));
  write_kubeconfig("tls-server-name: n", "token: t");
  EXPECT_THAT(refusal({.kubeconfig = folder.path("config")}), HasSubstr("cluster 'k' has no server"));
}

TEST_F(AccessTest, SkippingVerificationIsWarnedAboutOnce) {
  write_kubeconfig("server: 'https://h', insecure-skip-tls-verify: true", "token: t");
  testing::internal::CaptureStdout();
  const auto access = open_config();
  EXPECT_TRUE(server_of(*access).skip_verify);
  EXPECT_TRUE(server_of(*access).skip_verify);
  const std::string log = testing::internal::GetCapturedStdout();
  const std::size_t first = log.find("insecure-skip-tls-verify");
  EXPECT_NE(first, std::string::npos);
  EXPECT_EQ(log.find("insecure-skip-tls-verify", first + 1), std::string::npos) << log;
}

TEST_F(AccessTest, APodFindsItsServiceAccount) {
  ::setenv("KUBERNETES_SERVICE_HOST", "192.0.2.1", 1);
  ::setenv("KUBERNETES_SERVICE_PORT", "6443", 1);
  const auto access = open({.service_account_dir = folder.path()});
  EXPECT_EQ(server_of(*access).url, "https://192.0.2.1:6443");
  EXPECT_EQ(server_of(*access).ca_pem, authority.pem());
  EXPECT_EQ(credentials_of(*access).bearer_token, "first");
  EXPECT_EQ(access->text(), "in-cluster");
  folder.replace("token", "second\n");
  EXPECT_EQ(credentials_of(*access).bearer_token, "second");
}

TEST_F(AccessTest, AnIpv6HostOfAPodIsBracketed) {
  ::setenv("KUBERNETES_SERVICE_HOST", "2001:db8::1", 1);
  ::setenv("KUBERNETES_SERVICE_PORT", "443", 1);
  EXPECT_EQ(server_of(*open({.service_account_dir = folder.path()})).url, "https://[2001:db8::1]:443");
}

TEST_F(AccessTest, MasterLeadsAPodAroundItsClusterIp) {
  const auto access = open({.master = "https://192.0.2.7:6443", .service_account_dir = folder.path()});
  EXPECT_EQ(server_of(*access).url, "https://192.0.2.7:6443");
  EXPECT_EQ(credentials_of(*access).bearer_token, "first");
}

TEST_F(AccessTest, APodWithoutATokenIsToldSo) {
  ::setenv("KUBERNETES_SERVICE_HOST", "192.0.2.1", 1);
  ::setenv("KUBERNETES_SERVICE_PORT", "6443", 1);
  std::filesystem::remove(folder.path("token"));
  EXPECT_THAT(refusal({.service_account_dir = folder.path()}), HasSubstr(folder.path("token").string()));
}

TEST_F(AccessTest, MasterAloneIsAnonymous) {
  const auto access = open({.master = "http://127.0.0.1:8080", .service_account_dir = folder.path("none")});
  EXPECT_EQ(server_of(*access).url, "http://127.0.0.1:8080");
  EXPECT_EQ(credentials_of(*access), http::Credentials{});
}

TEST_F(AccessTest, WithoutAnyWayTheErrorSaysBoth) {
  EXPECT_THAT(refusal({.service_account_dir = folder.path("none")}),
              AllOf(HasSubstr("--kubeconfig"), HasSubstr("KUBERNETES_SERVICE_HOST")));
}

TEST_F(AccessTest, AnUnchangedFileIsNotReadAgain) {
  access::SecretFile file(folder.path("token"), access::SecretFile::Content::token);
  ASSERT_EQ(*file.read(), "first");
  const auto before = std::filesystem::last_write_time(folder.path("token"));
  folder.write("token", "other\n");
  std::filesystem::last_write_time(folder.path("token"), before);
  EXPECT_EQ(*file.read(), "first");
}

}  // namespace
}  // namespace sp::test
