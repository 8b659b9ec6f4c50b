// SPDX-License-Identifier: Apache-2.0
#include "loader/cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sp::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

Command parsed(std::vector<const char*> words) {
  words.insert(words.begin(), "sallyport");
  return parse(static_cast<int>(words.size()), words.data(), "sallyport 1.2.3");
}

// The message of a wrong command line; empty when it was accepted.
std::string refusal(const std::vector<const char*>& words) {
  const Command command = parsed(words);
  const auto* const message = std::get_if<Message>(&command);
  if (message == nullptr || message->code != kUsage) {
    ADD_FAILURE() << "accepted";
    return "";
  }
  return message->text;
}

TEST(Cli, RunHasDefaultsForAllButTheManifests) {
  const Command command = parsed({"run", "--manifests", "/m"});
  const auto& run = std::get<agent::RunOptions>(command);
  EXPECT_EQ(run.manifests, "/m");
  EXPECT_EQ(run.node, "");
  EXPECT_THAT(run.devices, IsEmpty());
  EXPECT_EQ(run.pin_path, SP_DEFAULT_PIN_PATH);
  EXPECT_EQ(run.cgroup, "");
  EXPECT_THAT(run.configs, IsEmpty());
  EXPECT_EQ(run.log_level, std::nullopt);
  EXPECT_EQ(run.local_delivery, std::nullopt) << "as --config says";
}

TEST(Cli, RunTakesEveryOptionAndRepeatsDevices) {
  const Command command =
      parsed({"run", "--manifests=/m", "--node", "n1", "--device", "eth0", "--device", "eth1", "--pin-path", "/p",
              "--cgroup", "/c", "--config", "/f", "--log-level", "debug", "--local-delivery", "peer"});
  const auto& run = std::get<agent::RunOptions>(command);
  EXPECT_EQ(run.node, "n1");
  EXPECT_THAT(run.devices, ElementsAre("eth0", "eth1"));
  EXPECT_EQ(run.pin_path, "/p");
  EXPECT_EQ(run.cgroup, "/c");
  EXPECT_THAT(run.configs, ElementsAre("/f"));
  EXPECT_EQ(run.log_level, log::Level::debug);
  EXPECT_EQ(run.local_delivery, agent::LocalDelivery::peer);
}

TEST(Cli, OneDeviceOptionTakesOneDevice) {
  EXPECT_THAT(refusal({"run", "--manifests", "/m", "--device", "eth0", "eth1"}), HasSubstr("unexpected word eth1"));
}

TEST(Cli, GetReadsWhatAndFormat) {
  const Command plain = parsed({"get", "backends"});
  EXPECT_EQ(std::get<Get>(plain).what, show::What::backends);
  EXPECT_EQ(std::get<Get>(plain).format, show::Format::table);
  EXPECT_EQ(std::get<Get>(plain).pin_path, SP_DEFAULT_PIN_PATH);
  for (const auto& [word, what] : {std::pair{"frontends", show::What::frontends},
                                   {"services", show::What::services},
                                   {"backends", show::What::backends},
                                   {"flows", show::What::flows}}) {
    const Command json = parsed({"get", word, "-o", "json", "--pin-path", "/p"});
    EXPECT_EQ(std::get<Get>(json).what, what);
    EXPECT_EQ(std::get<Get>(json).format, show::Format::json);
    EXPECT_EQ(std::get<Get>(json).pin_path, "/p");
  }
}

TEST(Cli, StatusAndCleanupReadThePinPath) {
  const Command status = parsed({"status", "--pin-path", "/p"});
  EXPECT_EQ(std::get<Status>(status).pin_path, "/p");
  const Command cleanup = parsed({"cleanup"});
  EXPECT_EQ(std::get<Cleanup>(cleanup).pin_path, SP_DEFAULT_PIN_PATH);
}

TEST(Cli, VersionAndHelpGoToStandardOutput) {
  const Command version = parsed({"--version"});
  EXPECT_EQ(std::get<Message>(version).code, kSuccess);
  EXPECT_EQ(std::get<Message>(version).text, "sallyport 1.2.3\n");
  const Command help = parsed({"--help"});
  EXPECT_EQ(std::get<Message>(help).code, kSuccess);
  EXPECT_THAT(std::get<Message>(help).text, AllOf(HasSubstr("run"), HasSubstr("status"), HasSubstr("cleanup")));
  const Command run_help = parsed({"run", "--help"});
  EXPECT_THAT(std::get<Message>(run_help).text,
              AllOf(HasSubstr("--manifests DIR"), HasSubstr("--log-level LEVEL"), HasSubstr("--device DEV")));
}

TEST(Cli, AMisspelledOptionIsAnsweredWithTheRightOne) {
  EXPECT_EQ(refusal({"run", "--manifest", "/m"}),
            "sallyport run: unknown option --manifest: did you mean --manifests?\nTry 'sallyport run --help'.\n");
  EXPECT_THAT(refusal({"run", "--manifests", "/m", "--devise=eth0"}), HasSubstr("did you mean --device?"));
  EXPECT_THAT(refusal({"get", "flows", "--format", "json"}),
              AllOf(HasSubstr("unknown option --format"), HasSubstr("--output")));
}

TEST(Cli, AMisspelledCommandIsAnsweredWithTheRightOne) {
  EXPECT_EQ(refusal({"statsu"}), "sallyport: unknown command statsu: did you mean status?\nTry 'sallyport --help'.\n");
  EXPECT_THAT(refusal({"frobnicate"}), HasSubstr("expected one of run, status, get, cleanup"));
}

TEST(Cli, AMisspelledWordOfAnOptionIsAnsweredWithTheRightOne) {
  EXPECT_THAT(refusal({"run", "--manifests", "/m", "--local-delivery", "native"}),
              HasSubstr("expected one of peer, stack, xdp"));
  EXPECT_THAT(refusal({"get", "frontend"}), HasSubstr("'frontend' is unknown: did you mean frontends?"));
  EXPECT_THAT(refusal({"get", "flows", "-o", "yaml"}), HasSubstr("'yaml' is unknown: expected one of json, table"));
  EXPECT_THAT(refusal({"run", "--manifests", "/m", "--log-level", "loud"}),
              HasSubstr("'loud' is unknown: expected one of debug, error, info, warn"));
}

TEST(Cli, WhatIsMissingIsNamed) {
  EXPECT_THAT(refusal({}), StartsWith("sallyport: a command is missing: expected run, status, get or cleanup"));
  EXPECT_THAT(refusal({"run", "--manifests", "/m", "--node"}), HasSubstr("--node"));
  EXPECT_THAT(refusal({"run", "--manifests"}), HasSubstr("--manifests"));
  EXPECT_THAT(refusal({"get"}), HasSubstr("devices, frontends, services, backends or flows"));
}

TEST(Cli, AnExtraWordIsRefused) {
  EXPECT_THAT(refusal({"run", "--manifests", "/m", "extra"}), HasSubstr("unexpected word extra"));
  EXPECT_THAT(refusal({"cleanup", "everything"}), HasSubstr("unexpected word everything"));
}

}  // namespace
}  // namespace sp::cli
