// SPDX-License-Identifier: Apache-2.0
#include "loader/host/setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace sp::host {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kMax = "proc/sys/net/netfilter/nf_conntrack_max";
constexpr const char* kCloseWait = "proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close_wait";
constexpr const char* kHashSize = "sys/module/nf_conntrack/parameters/hashsize";

// A folder that looks like / of a node.
class HostSetup : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "sp-setup-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(root); }
  void put(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  }
  [[nodiscard]] std::string get(const std::string& file) const {
    std::ifstream stream(root / file);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }

  std::filesystem::path root;
};

TEST_F(HostSetup, R089_AsksForEverySettingThatIsConfigured) {
  const auto settings = conntrack_settings({.max = 131072,
                                            .tcp_established = 24h,
                                            .tcp_close_wait = 1h,
                                            .tcp_be_liberal = true,
                                            .udp = 30s,
                                            .udp_stream = 180s});
  const std::string folder = "proc/sys/net/netfilter/";
  EXPECT_EQ(settings, (std::vector<Setting>{
                          {.file = folder + "nf_conntrack_max", .value = 131072},
                          {.file = kHashSize, .value = 32768, .rule = Setting::Rule::at_least, .optional = true},
                          {.file = folder + "nf_conntrack_tcp_timeout_established", .value = 86400},
                          {.file = folder + "nf_conntrack_tcp_timeout_close_wait", .value = 3600},
                          {.file = folder + "nf_conntrack_tcp_be_liberal", .value = 1},
                          {.file = folder + "nf_conntrack_udp_timeout", .value = 30},
                          {.file = folder + "nf_conntrack_udp_timeout_stream", .value = 180},
                      }));
}

TEST_F(HostSetup, WhatIsNotConfiguredStaysTheKernels) {
  EXPECT_THAT(conntrack_settings({}), IsEmpty());
  EXPECT_THAT(conntrack_settings({.udp = 0s, .udp_stream = 0s}), IsEmpty());
}

TEST_F(HostSetup, R089_WritesWhatDiffersAndSaysSo) {
  put(kMax, "65536\n");
  put(kCloseWait, "3600\n");
  put(kHashSize, "16384\n");
  std::filesystem::permissions(root / kCloseWait, std::filesystem::perms::owner_read);
  const Outcome outcome = apply_settings(conntrack_settings({.max = 131072, .tcp_close_wait = 1h}), root);
  EXPECT_THAT(outcome.changed, ElementsAre("net.netfilter.nf_conntrack_max = 131072 (was 65536)",
                                           "/sys/module/nf_conntrack/parameters/hashsize = 32768 (was 16384)"));
  EXPECT_THAT(outcome.errors, IsEmpty());
  EXPECT_EQ(get(kMax), "131072");
  EXPECT_EQ(get(kCloseWait), "3600\n") << "it was right already";
  EXPECT_THAT(apply_settings(conntrack_settings({.max = 131072, .tcp_close_wait = 1h}), root).changed, IsEmpty());
}

TEST_F(HostSetup, NeverShrinksTheHashTable) {
  put(kMax, "1");
  put(kHashSize, "65536");
  EXPECT_THAT(apply_settings(conntrack_settings({.max = 131072}), root).changed,
              ElementsAre(HasSubstr("nf_conntrack_max")));
  EXPECT_EQ(get(kHashSize), "65536");
}

TEST_F(HostSetup, AKernelWithoutConntrackIsNoFailure) {
  const Outcome outcome = apply_settings(conntrack_settings({.max = 131072, .tcp_close_wait = 1h}), root);
  EXPECT_TRUE(outcome.without_conntrack);
  EXPECT_THAT(outcome.errors, IsEmpty());
  EXPECT_THAT(outcome.warnings, IsEmpty());
}

TEST_F(HostSetup, ASettingThatFailsIsNamedAndTheOthersAreMade) {
  put(kMax, "nonsense");
  put(kCloseWait, "60");
  const Outcome outcome = apply_settings(conntrack_settings({.max = 131072, .tcp_close_wait = 1h}), root);
  EXPECT_THAT(outcome.errors, ElementsAre(AllOf(HasSubstr("net.netfilter.nf_conntrack_max cannot be set to 131072"),
                                                HasSubstr("set it on the host"))));
  EXPECT_THAT(outcome.warnings, ElementsAre(HasSubstr("hashsize"))) << "missing, but not needed";
  EXPECT_EQ(get(kCloseWait), "3600");
}

TEST_F(HostSetup, WritesTheOomScore) {
  put("proc/self/oom_score_adj", "0\n");
  ASSERT_TRUE(set_oom_score(-999, root));
  EXPECT_EQ(get("proc/self/oom_score_adj"), "-999");
  const auto failed = set_oom_score(5, root / "missing");
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().text(), HasSubstr("oomScoreAdj 5"));
}

TEST_F(HostSetup, InitSaysWhatThePinPathLacks) {
  const Outcome outcome = init({}, root / "pins", root);
  EXPECT_THAT(outcome.errors, ElementsAre(HasSubstr("is not on a BPF file system")));
}

}  // namespace
}  // namespace sp::host
