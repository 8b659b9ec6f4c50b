// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/packet_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loader/util/ip.h"
#include "loader/util/notices.h"
#include "maps/stats.h"

namespace sp::agent {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

sp_event event(sp_reason reason, const char* from = "192.0.2.7", const char* to = "198.51.100.1") {
  sp_event made{};
  made.saddr = Ip::parse(from)->raw();
  made.daddr = Ip::parse(to)->raw();
  made.sport = Be16::from_host(40000).raw;
  made.dport = Be16::from_host(80).raw;
  made.proto = SP_PROTO_TCP;
  made.reason = static_cast<__u8>(reason);
  made.ifindex = 2;
  made.len_bytes = 60;
  return made;
}

// What is printed while `act` runs, at most down to `lowest`.
template <typename Act>
std::string logged(log::Level lowest, const Act& act) {
  log::init(lowest);
  testing::internal::CaptureStderr();
  act();
  return testing::internal::GetCapturedStderr();
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(PacketLog, DescribesFiveTupleReasonAndDeviceInBothFamilies) {
  EXPECT_EQ(
      describe(event(SP_DROP_NO_ROUTE), "eth0"),
      "drop-no-route proto=TCP from=192.0.2.7:40000 to=198.51.100.1:80 device=eth0 bytes=60: no route to the next "
      "hop");
  EXPECT_THAT(describe(event(SP_DROP_NO_ROUTE, "2001:db8::7", "2001:db8::1"), "eth0"),
              HasSubstr("from=[2001:db8::7]:40000 to=[2001:db8::1]:80"));
}

TEST(PacketLog, AReasonOfNewerProgramsIsStillALine) {
  EXPECT_THAT(describe(event(static_cast<sp_reason>(255)), "eth0"), testing::StartsWith("unknown-reason proto=TCP"));
}

TEST(PacketLog, DropsWarnAndAnswersAreForDebugging) {
  EXPECT_EQ(level_of(event(SP_DROP_NO_ROUTE)), log::Level::warn);
  EXPECT_EQ(level_of(event(SP_REJECT_NO_BACKEND)), log::Level::debug);
  EXPECT_EQ(level_of(event(SP_DROP_TABLE)), log::Level::error);
}

TEST(PacketLog, AReasonHasOneLineAnIntervalAndTheNumberOfThoseHeldBack) {
  PacketLog packets([](std::uint32_t) { return "eth0"; });
  const auto start = PacketLog::Clock::now();
  const std::string text = logged(log::Level::info, [&] {
    for (int i = 0; i < 100; ++i) packets.add(event(SP_DROP_NO_ROUTE), start + i * 10ms);
    packets.add(event(SP_DROP_SOURCE_RANGE), start);
    packets.add(event(SP_REJECT_NO_BACKEND), start);
    packets.add(event(SP_DROP_NO_ROUTE), start + 11s);
  });
  EXPECT_EQ(lines(text), 3U) << text;
  EXPECT_THAT(text, HasSubstr("(and 99 more since the last line)"));
  EXPECT_THAT(text, Not(HasSubstr("reject")));
}

TEST(Notices, SayOnceWhatBeginsAndOnceWhatIsOver) {
  Notices notices(log::Level::warn, "host");
  EXPECT_THAT(logged(log::Level::info,
                     [&] {
                       notices.update({"a", "b"});
                     }),
              AllOf(HasSubstr("warn"), HasSubstr("host: a\n"), EndsWith("host: b\n")));
  EXPECT_EQ(logged(log::Level::info, [&] { notices.update({"b", "a", "a"}); }), "");
  const std::string change = logged(log::Level::info, [&] { notices.update({"b", "c"}); });
  EXPECT_EQ(lines(change), 2U) << change;
  EXPECT_THAT(change, AllOf(HasSubstr("host: c\n"), HasSubstr("info"), EndsWith("host: resolved: a\n")));
  EXPECT_FALSE(notices.empty());
  notices.update({});
  EXPECT_TRUE(notices.empty());
}

TEST(Notices, ManyLinesOfOneCauseAreCutWithTheirNumber) {
  Notices notices(log::Level::error, "sync");
  std::vector<std::string> many;
  for (std::size_t i = 0; i < Notices::kMaxLines + 7; ++i) many.push_back("row " + std::to_string(1000 + i));
  const std::string text = logged(log::Level::info, [&] { notices.update(many); });
  EXPECT_EQ(lines(text), Notices::kMaxLines + 1);
  EXPECT_THAT(text, EndsWith("sync: 7 more lines of this sort\n"));
}

}  // namespace
}  // namespace sp::agent
