// SPDX-License-Identifier: Apache-2.0
#include "loader/util/event_loop.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <utility>
#include <vector>

namespace sp {
namespace {

using namespace std::chrono_literals;

class EventLoopTest : public testing::Test {
 protected:
  // A descriptor that is readable from the start and stays so until it is read.
  static Fd ready_fd() { return Fd(::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)); }
  // Ends a test that would hang; the test must not get here.
  void SetUp() override {
    const auto guard = loop.add_timer([this] {
      timed_out = true;
      loop.stop();
    });
    ASSERT_TRUE(guard);
    loop.start_once(*guard, 5s);
  }
  void TearDown() override { EXPECT_FALSE(timed_out); }

  EventLoop loop = std::move(EventLoop::create()).value();
  bool timed_out = false;
};

TEST_F(EventLoopTest, CallsBackWhileADescriptorIsReadable) {
  const Fd fd = ready_fd();
  int calls = 0;
  ASSERT_TRUE(loop.watch(fd.get(), [&] {
    if (++calls == 3) loop.stop();
  }));
  ASSERT_TRUE(loop.run());
  EXPECT_EQ(calls, 3);
}

TEST_F(EventLoopTest, ADescriptorForgottenByAnotherCallbackOfTheSameTurnIsNotCalled) {
  const Fd first = ready_fd();
  const Fd second = ready_fd();
  int calls = 0;
  // Both are ready in one turn: whichever comes first takes the other away and ends the test after the turn.
  const auto end = loop.add_timer([&] { loop.stop(); });
  ASSERT_TRUE(end);
  const auto take_away = [&](int own, int other) {
    ++calls;
    loop.forget(own);
    loop.forget(other);
    loop.start_once(*end, 0ns);
  };
  ASSERT_TRUE(loop.watch(first.get(), [&] { take_away(first.get(), second.get()); }));
  ASSERT_TRUE(loop.watch(second.get(), [&] { take_away(second.get(), first.get()); }));
  ASSERT_TRUE(loop.run());
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, ACallbackMayForgetItself) {
  const Fd fd = ready_fd();
  std::vector<int> big(1000, 7);
  int sum = 0;
  ASSERT_TRUE(loop.watch(fd.get(), [&, big] {
    loop.forget(fd.get());
    sum = big.back();  // its own captures are still alive
    loop.stop();
  }));
  ASSERT_TRUE(loop.run());
  EXPECT_EQ(sum, 7);
}

TEST_F(EventLoopTest, APeriodicTimerRepeatsAndAOneShotDoesNot) {
  int once = 0;
  int repeated = 0;
  const auto single = loop.add_timer([&] { ++once; });
  const auto periodic = loop.add_timer([&] {
    if (++repeated == 4) loop.stop();
  });
  ASSERT_TRUE(single && periodic);
  loop.start_once(*single, 0ns);
  loop.start_every(*periodic, 1ms);
  ASSERT_TRUE(loop.run());
  EXPECT_EQ(once, 1);
  EXPECT_EQ(repeated, 4);
}

TEST_F(EventLoopTest, StartingATimerAnewReplacesTheRunUnderWay) {
  bool early = false;
  const auto timer = loop.add_timer([&] { early = true; });
  const auto end = loop.add_timer([&] { loop.stop(); });
  ASSERT_TRUE(timer && end);
  loop.start_once(*timer, 1ms);
  loop.start_once(*timer, 1h);
  loop.start_once(*end, 20ms);
  ASSERT_TRUE(loop.run());
  EXPECT_FALSE(early);
}

TEST_F(EventLoopTest, AZeroDelayLetsOtherDescriptorsHaveTheirTurn) {
  const Fd fd = ready_fd();
  int served = 0;
  int slices = 0;
  EventLoop::Timer slice{};
  const auto timer = loop.add_timer([&] {
    if (++slices == 10) loop.stop();
    loop.start_once(slice, 0ns);
  });
  ASSERT_TRUE(timer);
  slice = *timer;
  loop.start_once(slice, 0ns);
  ASSERT_TRUE(loop.watch(fd.get(), [&] { ++served; }));
  ASSERT_TRUE(loop.run());
  EXPECT_GE(served, 9);
}

TEST_F(EventLoopTest, ASignalBecomesACall) {
  int received = 0;
  ASSERT_TRUE(loop.on_signals({SIGUSR1, SIGUSR2}, [&](int signal) {
    received = signal;
    loop.stop();
  }));
  ASSERT_EQ(::kill(::getpid(), SIGUSR2), 0);
  ASSERT_TRUE(loop.run());
  EXPECT_EQ(received, SIGUSR2);
}

TEST_F(EventLoopTest, WokeAtIsTheBeginningOfTheTurn) {
  const auto before = EventLoop::Clock::now();
  const auto timer = loop.add_timer([&] {
    const auto now = EventLoop::Clock::now();
    EXPECT_GE(loop.woke_at(), before + 5ms);
    EXPECT_LE(loop.woke_at(), now);
    loop.stop();
  });
  ASSERT_TRUE(timer);
  loop.start_once(*timer, 5ms);
  ASSERT_TRUE(loop.run());
}

TEST_F(EventLoopTest, WatchingAClosedDescriptorIsAnError) {
  const auto watched = loop.watch(-1, [] {});
  ASSERT_FALSE(watched);
  EXPECT_EQ(watched.error().err, EBADF);
}

TEST_F(EventLoopTest, WatchesForWritingAndChangesItsMind) {
  const Fd fd = ready_fd();
  int writable = 0;
  ASSERT_TRUE(loop.watch(
      fd.get(), [&] { ++writable; }, EventLoop::Interest::write));
  ASSERT_TRUE(loop.turn());
  EXPECT_EQ(writable, 1);
  int readable = 0;
  ASSERT_TRUE(loop.watch(
      fd.get(), [&] { ++readable; }, EventLoop::Interest::read));
  ASSERT_TRUE(loop.turn());
  EXPECT_EQ(writable, 1);
  EXPECT_EQ(readable, 1);
}

TEST_F(EventLoopTest, ATurnOfAnInnerLoopDoesNotWait) {
  EventLoop inner = std::move(EventLoop::create()).value();
  ASSERT_TRUE(inner.turn());
  const Fd fd = ready_fd();
  ASSERT_TRUE(inner.watch(fd.get(), [&] {
    inner.forget(fd.get());
    loop.stop();
  }));
  ASSERT_TRUE(loop.watch(inner.fd(), [&] { ASSERT_TRUE(inner.turn()); }));
  ASSERT_TRUE(loop.run());
}

TEST_F(EventLoopTest, ACancelledTimerDoesNotExpire) {
  int expired = 0;
  const auto cancelled = loop.add_timer([&] { ++expired; });
  const auto last = loop.add_timer([&] { loop.stop(); });
  ASSERT_TRUE(cancelled && last);
  loop.start_once(*cancelled, 1ms);
  loop.cancel(*cancelled);
  loop.start_once(*last, 5ms);
  ASSERT_TRUE(loop.run());
  EXPECT_EQ(expired, 0);
}

TEST_F(EventLoopTest, ATimerThatRemovesItselfFiresOnce) {
  int calls = 0;
  EventLoop::Timer timer{};
  const auto added = loop.add_timer([&] {
    ++calls;
    loop.remove(timer);
  });
  ASSERT_TRUE(added);
  timer = *added;
  const auto end = loop.add_timer([&] { loop.stop(); });
  ASSERT_TRUE(end);
  loop.start_every(timer, 1ms);
  loop.start_once(*end, 20ms);
  ASSERT_TRUE(loop.run());
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, AnEventOfAClosedDescriptorIsNotForTheNextOneOfItsNumber) {
  auto first = std::make_unique<Fd>(ready_fd());
  auto second = std::make_unique<Fd>(ready_fd());
  const Fd other(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));  // never readable
  int wrong = 0;
  bool swapped = false;
  // Both are ready in one turn; whoever is first closes the other and gives its number to somebody else.
  const auto swap = [&](std::unique_ptr<Fd>& victim) {
    if (std::exchange(swapped, true)) return;
    const int number = victim->get();
    loop.forget(number);
    ASSERT_EQ(::dup2(other.get(), number), number);
    ASSERT_TRUE(loop.watch(number, [&] { ++wrong; }));
  };
  ASSERT_TRUE(loop.watch(first->get(), [&] { swap(second); }));
  ASSERT_TRUE(loop.watch(second->get(), [&] { swap(first); }));
  ASSERT_TRUE(loop.turn());
  EXPECT_TRUE(swapped);
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace sp
