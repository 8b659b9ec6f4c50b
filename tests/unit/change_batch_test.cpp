// SPDX-License-Identifier: Apache-2.0
// ChangeBatch: what minSyncPeriod holds back.
#include "loader/agent/change_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sp::agent {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

const model::ObjectId kWeb{model::Kind::service, {"default", "web"}};
const model::ObjectId kSlice{model::Kind::endpoint_slice, {"default", "web-1"}};

TEST(ChangeBatch, R114_ChangesThatWaitAreOneAndAsOldAsTheOldest) {
  ChangeBatch batch;
  const ChangeBatch::TimePoint noticed{5s};
  EXPECT_TRUE(batch.empty());
  batch.add({kSlice, kWeb}, noticed);
  batch.add({kWeb}, noticed + 1s);
  EXPECT_FALSE(batch.empty());
  const auto due = batch.take();
  ASSERT_TRUE(due);
  EXPECT_THAT(due->changed, ElementsAre(kWeb, kSlice));
  EXPECT_EQ(due->since, noticed);
}

TEST(ChangeBatch, R114_NothingIsTakenTwice) {
  ChangeBatch batch;
  EXPECT_FALSE(batch.take());
  batch.add({}, ChangeBatch::TimePoint{1s});
  EXPECT_FALSE(batch.empty()) << "a list that is complete may have no change in it";
  ASSERT_TRUE(batch.take());
  EXPECT_TRUE(batch.empty());
  EXPECT_FALSE(batch.take());
  batch.add({kWeb}, ChangeBatch::TimePoint{9s});
  EXPECT_EQ(batch.take()->since, ChangeBatch::TimePoint{9s});
}

}  // namespace
}  // namespace sp::agent
