// SPDX-License-Identifier: Apache-2.0
// Durations of Go, both ways.
#include "loader/proxy/go_duration.h"

#include <gtest/gtest.h>

namespace sp::proxy {
namespace {

using namespace std::chrono_literals;
using Span = std::chrono::nanoseconds;

TEST(GoDuration, WhatGoPrintsIsReadAndPrintedAgain) {
  for (const auto& [text, span] : std::vector<std::pair<std::string, Span>>{{"0s", 0ns},
                                                                            {"1ns", 1ns},
                                                                            {"999ns", 999ns},
                                                                            {"1.5\u00b5s", 1500ns},
                                                                            {"250ms", 250ms},
                                                                            {"1.000001ms", 1000001ns},
                                                                            {"1s", 1s},
                                                                            {"1.5s", 1500ms},
                                                                            {"59.999999999s", 1min - 1ns},
                                                                            {"1m0s", 1min},
                                                                            {"15m0s", 15min},
                                                                            {"1h0m0s", 1h},
                                                                            {"24h0m0s", 24h},
                                                                            {"2h22m0.5s", 2h + 22min + 500ms},
                                                                            {"-30s", -30s},
                                                                            {"-1h0m0.1s", -(1h + 100ms)}}) {
    EXPECT_EQ(parse_go_duration(text), span) << text;
    EXPECT_EQ(go_duration(span), text);
  }
}

TEST(GoDuration, OtherSpellingsAreRead) {
  for (const auto& [text, span] : std::vector<std::pair<std::string, Span>>{{"0", 0ns},
                                                                            {"+5s", 5s},
                                                                            {"-0", 0ns},
                                                                            {"90s", 90s},
                                                                            {"1m30s", 90s},
                                                                            {"30s1m", 90s},
                                                                            {".5s", 500ms},
                                                                            {"1.s", 1s},
                                                                            {"2us", 2us},
                                                                            {"2\u03bcs", 2us},
                                                                            {"1.5h", 90min},
                                                                            {"0.0000000005s", 0ns},
                                                                            {"9223372036854775807ns", Span::max()}}) {
    EXPECT_EQ(parse_go_duration(text), span) << text;
  }
}

TEST(GoDuration, AnythingElseIsNone) {
  for (const std::string text : {"", "+", "-", "5", "s", "30 s", " 30s", "30s ", "30S", "1d", "1.2.3s", ".s", "1e3s",
                                 "--5s", "5sm", "9223372036854775808ns", "3000000h", "99999999999999999999s"}) {
    EXPECT_EQ(parse_go_duration(text), std::nullopt) << text;
  }
}

TEST(GoDuration, TheLongestSpanIsPrinted) {
  EXPECT_EQ(go_duration(Span::max()), "2562047h47m16.854775807s");
  EXPECT_EQ(go_duration(Span::min()), "-2562047h47m16.854775808s");
}

}  // namespace
}  // namespace sp::proxy
