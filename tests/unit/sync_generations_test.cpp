// SPDX-License-Identifier: Apache-2.0
// Sync: how UDP flows learn that their backend has gone (I5): its generation is raised, then the epoch of backends.
#include <gtest/gtest.h>

#include "loader/sync/stores.h"
#include "tests/harness/sync_fixture.h"

namespace sp::sync {
namespace {

using test::kWeb;
using test::one_service;
using test::SyncTest;

TEST_F(SyncTest, I5_EpochOfBackendsMovesOnceInAPassThatRaisesGenerations) {
  apply(one_service(test::row({1, 2, 3})));
  const std::uint32_t before = backend_epoch();
  apply(one_service(test::row({1, 2, 3, 4})));
  EXPECT_EQ(backend_epoch(), before) << "no flow has reason to look";
  apply(one_service(test::row({3, 4})));
  EXPECT_EQ(backend_epoch(), before + 1);
  rest();
  apply(one_service(test::row({3, 4})));
  EXPECT_EQ(backend_epoch(), before + 2) << "ids that have rested get one more generation";
}

TEST_F(SyncTest, I5_NewAgentMovesTheEpochForOneThatEndedBetweenGenerationAndEpoch) {
  apply(one_service(test::row({1, 2})));
  restart();
  const std::uint32_t before = backend_epoch();
  apply(one_service(test::row({1, 2})));
  EXPECT_EQ(backend_epoch(), before + 1);
}

TEST(Epoch, SkipsZeroWhichIsNeverCurrent) {
  __u32 epoch = ~0U;
  sync::bump_epoch(epoch);
  EXPECT_EQ(epoch, 1U);
  sync::bump_epoch(epoch);
  EXPECT_EQ(epoch, 2U);
}

TEST_F(SyncTest, ReusedBackendIdNeverHasAGenerationThatAFlowMayHold) {
  apply(one_service(test::row({1, 2})));
  const std::uint32_t id = backend_id(kWeb, 1);
  const std::uint32_t before = generation(id);
  apply(one_service(test::row({2})));
  const std::uint32_t retired = generation(id);
  rest();
  apply(one_service(test::row({2, 9})));
  EXPECT_EQ(backend_id(kWeb, 9), id) << "the test expects the freed id to be used again";
  EXPECT_GT(retired, before);
  EXPECT_GT(generation(id), retired) << "a flow opened while the row rested must not stay either";
}

TEST_F(SyncTest, RetiredRowStaysReadableUntilItHasRested) {
  apply(one_service(test::row({1, 2})));
  const std::uint32_t id = backend_id(kWeb, 1);
  apply(one_service(test::row({2})));
  EXPECT_NE(maps_.backends.rows()[id].flags & SP_BACKEND_USED, 0);
  EXPECT_EQ(Ip(maps_.backends.rows()[id].addr), test::ip("10.0.0.1"));
  rest();
  apply(one_service(test::row({2})));
  EXPECT_EQ(maps_.backends.rows()[id].flags, 0);
}

}  // namespace
}  // namespace sp::sync
