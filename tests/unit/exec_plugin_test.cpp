// SPDX-License-Identifier: Apache-2.0
// Credential plugins: shell scripts that answer, fail, hang and are missing.
#include "loader/access/exec_plugin.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "loader/access/access.h"
#include "tests/harness/http_exchanges.h"
#include "tests/harness/scratch_folder.h"

namespace sp::test {
namespace {

using namespace std::chrono_literals;
using access::ExecCredential;
using access::ExecPlugin;
using ::testing::HasSubstr;

constexpr const char* kVersion = "client.authentication.k8s.io/v1";

// What a script prints to hand out `status`.
std::string printing(const std::string& status) {
  return "cat <<END\n{\"apiVersion\": \"" + std::string(kVersion) + "\", \"kind\": \"ExecCredential\", \"status\": {" +
         status + "}}\nEND";
}

class ExecPluginTest : public testing::Test, public TurningLoop {
 protected:
  void create(const std::string& script, ExecPlugin::Options options = {}) {
    folder.write_script("login", "echo run >>'" + folder.path("runs").string() + "'\n" + script);
    options.entry.api_version = kVersion;
    if (options.entry.command.empty()) options.entry.command = folder.path("login").string();
    options.owner = "user 'u' in kubeconfig f";
    options.pause = 50ms;
    plugin = std::move(ExecPlugin::create(loop, std::move(options))).value();
  }
  ExecPlugin::Done collect() {
    return [this](Result<ExecCredential> got) { results.push_back(std::move(got)); };
  }
  Result<ExecCredential> get() {
    const std::size_t before = results.size();
    plugin->get(server, collect());
    EXPECT_TRUE(await([&] { return results.size() > before; }));
    return results.back();
  }
  std::string failure() {
    const auto got = get();
    return got ? "a credential" : got.error().text();
  }
  [[nodiscard]] std::size_t runs() const { return folder.read("runs").size() / std::string("run\n").size(); }

  ScratchFolder folder;
  http::Server server{.url = "https://192.0.2.1", .ca_pem = "authority"};
  std::vector<Result<ExecCredential>> results;
  std::unique_ptr<ExecPlugin> plugin;
};

TEST_F(ExecPluginTest, PrintsATokenThatIsCachedUntilItIsRefused) {
  create(printing(R"s("token": "t$(wc -l <"$0.count" 2>/dev/null)")s") + "\necho >>\"$0.count\"");
  ASSERT_TRUE(get()) << results.back().error().text();
  const std::string first = results.back()->token;
  EXPECT_EQ(get()->token, first);
  EXPECT_EQ(runs(), 1U);
  plugin->discard();
  EXPECT_NE(get()->token, first);
  EXPECT_EQ(runs(), 2U);
}

TEST_F(ExecPluginTest, PrintsACertificate) {
  create(printing(R"("clientCertificateData": "cert", "clientKeyData": "key")"));
  const auto got = get();
  ASSERT_TRUE(got) << got.error().text();
  ASSERT_TRUE(got->certificate);
  EXPECT_EQ(got->certificate->certificate_pem, "cert");
  EXPECT_EQ(got->certificate->key_pem, "key");
}

TEST_F(ExecPluginTest, RunsAgainShortlyBeforeItsCredentialExpires) {
  create(printing(R"s("token": "t", "expirationTimestamp": "$(date -u -d '5 seconds' +%Y-%m-%dT%H:%M:%SZ)")s"));
  ASSERT_TRUE(get()) << results.back().error().text();
  ASSERT_TRUE(get());
  EXPECT_EQ(runs(), 2U) << "five seconds are as good as none";
  create(printing(R"s("token": "t", "expirationTimestamp": "$(date -u -d '60 seconds' +%Y-%m-%dT%H:%M:%SZ)")s"));
  ASSERT_TRUE(get());
  ASSERT_TRUE(get());
  EXPECT_EQ(runs(), 3U);
}

TEST_F(ExecPluginTest, AllWhoAskAtOnceShareOneRun) {
  create(printing(R"("token": "t")"));
  for (int i = 0; i < 5; ++i) plugin->get(server, collect());
  EXPECT_TRUE(results.empty()) << "nothing is called from within get()";
  ASSERT_TRUE(await([&] { return results.size() == 5; }));
  for (const auto& got : results) EXPECT_EQ(got->token, "t");
  EXPECT_EQ(runs(), 1U);
}

TEST_F(ExecPluginTest, GetsItsEnvironmentArgumentsAndTheCluster) {
  create("printf '%s|%s|%s' \"$1\" \"$REGION\" \"$KUBERNETES_EXEC_INFO\" >'" + folder.path("seen").string() + "'\n" +
             printing(R"("token": "t")"),
         {.entry = {.arguments = {"two words"}, .environment = {{"REGION", "north"}}, .provide_cluster_info = true}});
  ASSERT_TRUE(get()) << results.back().error().text();
  EXPECT_EQ(folder.read("seen"),
            R"(two words|north|{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":)"
            R"({"interactive":false,"cluster":{"server":"https://192.0.2.1",)"
            R"("certificate-authority-data":"YXV0aG9yaXR5"}}})");
}

TEST_F(ExecPluginTest, AFailureQuotesTheLastLineOfStandardError) {
  create("echo chatter >&2; echo 'session has ended, run login --again' >&2; exit 3");
  EXPECT_THAT(failure(), AllOf(HasSubstr("user 'u' in kubeconfig f"), HasSubstr("exit code 3"),
                               HasSubstr("it said: session has ended, run login --again"), Not(HasSubstr("chatter"))));
}

TEST_F(ExecPluginTest, AMissingPluginShowsItsInstallHint) {
  create("", {.entry = {.command = "sp-no-such-plugin", .install_hint = "see https://example.com/login"}});
  EXPECT_THAT(failure(), AllOf(HasSubstr("sp-no-such-plugin"), HasSubstr("is not there"),
                               HasSubstr("see https://example.com/login")));
}

TEST_F(ExecPluginTest, AHangingPluginIsKilledWithItsChildren) {
  create("echo waiting >&2; sleep 1000 & echo $! >'" + folder.path("pid").string() + "'; wait", {.timeout = 1500ms});
  EXPECT_THAT(failure(), AllOf(HasSubstr("within 1500 ms"), HasSubstr("it said: waiting")));
  const int child = std::stoi(folder.read("pid"));
  const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  pollfd gone{process.get(), POLLIN, 0};
  EXPECT_TRUE(!process.valid() || ::poll(&gone, 1, 5000) == 1) << "the sleep is still there";
}

TEST_F(ExecPluginTest, AFailingPluginIsNotRunInATightLoop) {
  create("exit 1");
  EXPECT_FALSE(get());
  const auto begin = EventLoop::Clock::now();
  EXPECT_FALSE(get());
  EXPECT_GE(EventLoop::Clock::now() - begin, 50ms);
  EXPECT_FALSE(get());
  EXPECT_GE(EventLoop::Clock::now() - begin, 150ms) << "the second pause is twice as long";
  EXPECT_EQ(runs(), 3U);
}

TEST_F(ExecPluginTest, APluginThatRecoversIsUsed) {
  create("test -e '" + folder.path("fixed").string() + "' || exit 1\n" + printing(R"("token": "t")"));
  EXPECT_FALSE(get());
  folder.write("fixed", "");
  EXPECT_TRUE(get()) << results.back().error().text();
}

TEST_F(ExecPluginTest, OutputThatIsNoCredentialIsRefusedInWords) {
  create("echo hello");
  EXPECT_THAT(failure(), HasSubstr("printed no JSON object"));
  create("echo '{\"kind\": \"ExecCredential\", \"apiVersion\": \"client.authentication.k8s.io/v1beta1\"}'");
  EXPECT_THAT(failure(), HasSubstr("as the kubeconfig says"));
  create(printing(""));
  EXPECT_THAT(failure(), HasSubstr("neither token nor clientCertificateData"));
  create(printing(R"("clientCertificateData": "c")"));
  EXPECT_THAT(failure(), HasSubstr("expected both or none"));
  create(printing(R"("token": "t", "expirationTimestamp": "tomorrow")"));
  EXPECT_THAT(failure(), HasSubstr("RFC 3339"));
  create("head -c 2000000 /dev/zero");
  EXPECT_THAT(failure(), HasSubstr("more than 1 MiB"));
}

TEST_F(ExecPluginTest, NobodyIsCalledAfterItIsGone) {
  create("sleep 0.2\n" + printing(R"("token": "t")"));
  plugin->get(server, collect());
  ASSERT_FALSE(await([&] { return !results.empty(); }, 50ms)) << "the script takes longer";
  plugin.reset();
  EXPECT_FALSE(await([&] { return !results.empty(); }, 300ms));
}

TEST_F(ExecPluginTest, AReceiverMayDestroyIt) {
  create(printing(R"("token": "t")"));
  int calls = 0;
  const auto destroy = [&](const auto&) {
    ++calls;
    plugin.reset();
  };
  plugin->get(server, destroy);
  plugin->get(server, destroy);
  ASSERT_TRUE(await([&] { return plugin == nullptr; }));
  EXPECT_EQ(calls, 1);
}

TEST_F(ExecPluginTest, AKubeconfigRunsIt) {
  folder.write_script("login", printing(R"("token": "from-plugin")"));
  folder.write("config",
               "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
               "clusters: [{name: k, cluster: {server: 'https://h'}}]\n"
               "users: [{name: u, user: {exec: {apiVersion: " +
                   std::string(kVersion) + ", command: ./login}}}]\n");
  const auto access = access::Access::open(loop, {.kubeconfig = folder.path("config")});
  ASSERT_TRUE(access) << access.error().text();
  std::string token;
  (*access)->credentials([&](Result<http::Credentials> got) { token = got ? got->bearer_token : got.error().text(); });
  ASSERT_TRUE(await([&] { return !token.empty(); }));
  EXPECT_EQ(token, "from-plugin");
}

TEST(Timestamp, IsReadWithFractionAndOffset) {
  const auto expected = std::chrono::system_clock::from_time_t(1136214245);
  for (const char* text : {"2006-01-02T15:04:05Z", "2006-01-02T15:04:05.999Z", "2006-01-02T17:04:05+02:00"}) {
    EXPECT_EQ(access::parse_timestamp(text), expected) << text;
  }
  for (const char* text : {"", "2006-01-02", "2006-01-02T15:04:05", "2006-01-02T15:04:05Zulu"}) {
    EXPECT_FALSE(access::parse_timestamp(text)) << text;
  }
}

TEST(Timestamp, BeyondTheEndOfTheClockIsInTheFuture) {
  EXPECT_GT(access::parse_timestamp("9999-12-31T23:59:59Z"), std::chrono::system_clock::now());
  EXPECT_LT(access::parse_timestamp("0001-01-01T00:00:00Z"), std::chrono::system_clock::from_time_t(0));
}

}  // namespace
}  // namespace sp::test
