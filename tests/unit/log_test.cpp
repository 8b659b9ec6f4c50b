// SPDX-License-Identifier: Apache-2.0
#include "loader/util/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sp::log {
namespace {

using std::chrono::milliseconds;

TEST(Log, PrintsLevelTimeComponentAndMessageOnOneLine) {
  init(Level::info);
  ::testing::internal::CaptureStderr();
  info("sync", "applied services={}\nbackends={}", 3, 4);
  debug("sync", "not shown");
  const std::string line = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(line, ::testing::MatchesRegex("info [0-9T:.+-]+ sync: applied services=3.nbackends=4\n"));
}

TEST(Log, EscapesControlCharacters) {
  EXPECT_EQ(escape_controls("a\tb\nc\x1b[31m\x7f ü"), "a\\tb\\nc\\x1b[31m\\x7f ü");
}

TEST(Log, ParsesLevels) {
  EXPECT_EQ(parse_level("debug"), Level::debug);
  EXPECT_EQ(parse_level("warn"), Level::warn);
  EXPECT_EQ(parse_level("loud"), std::nullopt);
}

TEST(Repeats, HoldsRepeatsBackAndCountsThem) {
  Repeats repeats(milliseconds(100));
  const Repeats::Clock::time_point start{};
  EXPECT_EQ(repeats.admit("full", start), 0u);
  EXPECT_EQ(repeats.admit("full", start + milliseconds(1)), std::nullopt);
  EXPECT_EQ(repeats.admit("full", start + milliseconds(99)), std::nullopt);
  EXPECT_EQ(repeats.admit("full", start + milliseconds(100)), 2u);
  EXPECT_EQ(repeats.admit("full", start + milliseconds(300)), 0u) << "counted anew";
}

TEST(Repeats, TellsMessagesApartByKey) {
  Repeats repeats(milliseconds(100));
  EXPECT_EQ(repeats.admit("one", {}), 0u);
  EXPECT_EQ(repeats.admit("two", {}), 0u);
}

TEST(Repeats, ForgetsTheOldestKeyWhenThereAreTooMany) {
  Repeats repeats(milliseconds(1'000'000));
  Repeats::Clock::time_point now{};
  for (std::size_t i = 0; i <= Repeats::kMaxKeys; ++i) {
    now += milliseconds(1);
    EXPECT_EQ(repeats.admit(std::to_string(i), now), 0u);
  }
  EXPECT_EQ(repeats.admit("0", now), 0u) << "forgotten, so new";
  EXPECT_EQ(repeats.admit(std::to_string(Repeats::kMaxKeys), now), std::nullopt) << "still known";
}

}  // namespace
}  // namespace sp::log
