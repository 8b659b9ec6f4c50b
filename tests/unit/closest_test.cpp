// SPDX-License-Identifier: Apache-2.0
#include "loader/util/closest.h"

#include <gtest/gtest.h>

namespace sp {
namespace {

TEST(EditDistance, CountsInsertionsRemovalsReplacementsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("status", "staus"), 1U);
  EXPECT_EQ(edit_distance("device", "devise"), 1U);
  EXPECT_EQ(edit_distance("status", "sttaus"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Closest, FindsTheWordBehindATypingMistake) {
  EXPECT_EQ(closest("--manifest", {"--node", "--manifests"}), "--manifests");
  EXPECT_EQ(closest("--devise", {"--node", "--device"}), "--device");
  EXPECT_EQ(closest("stat", {"run", "status"}), "status");
}

TEST(Closest, DoesNotGuessWhenNothingIsNear) {
  EXPECT_EQ(closest("frobnicate", {"run", "status"}), std::nullopt);
  EXPECT_EQ(closest("x", {}), std::nullopt);
}

TEST(Closest, PrefersTheNearerOfTwoCandidates) {
  EXPECT_EQ(closest("flows5", {"flows44", "flows4"}), "flows4");
}

}  // namespace
}  // namespace sp
