// SPDX-License-Identifier: Apache-2.0
// Sync told what differs: the maps become what a look at everything would have made of them, whatever went wrong on the
// way. SP_TEST_SEED repeats a history; the seed of a run is printed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/harness/delta_between.h"
#include "tests/harness/random_desired.h"
#include "tests/harness/seed.h"
#include "tests/harness/sync_fixture.h"

namespace sp::sync {
namespace {

using compile::Delta;
using compile::Desired;
using test::Histories;
using test::seed;

// Six services of up to six backends, so that ids and slots at rest leave no room now and then.
class SyncDelta : public test::SyncTest {
 protected:
  SyncDelta() : SyncTest({.services = 10, .slots = 56, .backends = 56}) {}

  // Lets what rests be used again until all rows have found room: those that were freed make room for others.
  void recover(const Desired& desired) {
    for (int round = 0; round < 10; ++round) {
      rest();
      if (apply(desired, Delta{}).problems.empty()) {
        return;
      }
    }
    ADD_FAILURE() << "rows found no room";
  }
  [[nodiscard]] std::vector<std::uint32_t> generations() {
    std::vector<std::uint32_t> all;
    for (const sp_backend_val& row : maps_.backends.rows()) {
      all.push_back(row.generation);
    }
    return all;
  }
  // Asserts: use with HasFailure().
  void expect_in_force(const Desired& desired) {
    const test::MapView wanted = test::view_of(desired);
    test::MapView actual = test::view_of(maps_);
    forget_leftovers(actual, wanted);
    ASSERT_EQ(actual, wanted);
  }
};

TEST_F(SyncDelta, R113_MapsEqualDesiredAfterEveryDeltaWhateverCameBefore) {
  Histories histories(seed());
  Desired desired;
  for (int step = 0; step < 2000; ++step) {
    const Desired before = desired;
    histories.step(desired);
    if (histories.below(50) == 0) {
      restart();
    }
    if (histories.below(3) == 0) {
      rest();
    }
    const std::vector<std::uint32_t> generations_before = generations();
    const std::uint32_t epoch_before = backend_epoch();
    const Report report = apply(desired, test::delta_between(before, desired));
    if (generations() != generations_before) {
      ASSERT_NE(backend_epoch(), epoch_before) << "packets would not look at the generations (I5)";
    }
    if (!report.problems.empty()) {
      recover(desired);
    }
    expect_in_force(desired);
    ASSERT_FALSE(HasFailure()) << "step " << step;
  }
}

TEST_F(SyncDelta, I12_WhatFailedIsTriedAgainWithoutBeingNamed) {
  Histories histories(seed());
  Desired desired;
  std::size_t failed = 0;
  static_cast<void>(apply(desired));
  for (int step = 0; step < 2000; ++step) {
    maps_.frontends.set_limit(static_cast<std::size_t>(histories.below(8)));
    maps_.names.set_limit(static_cast<std::size_t>(histories.below(8)));
    maps_.ranges.set_limit(static_cast<std::size_t>(histories.below(4)));
    maps_.service_ips.set_limit(static_cast<std::size_t>(histories.below(8)));
    maps_.service_ips.refuse_erase(histories.below(3) == 0);
    maps_.frontends.refuse_erase(histories.below(3) == 0);
    maps_.names.refuse_erase(histories.below(3) == 0);
    maps_.ranges.refuse_erase(histories.below(3) == 0);
    for (int hit = histories.below(3); hit >= 0; --hit) {
      const Desired before = desired;
      histories.step(desired);
      failed += apply(desired, test::delta_between(before, desired)).problems.size();
    }
    maps_.frontends.set_limit(64);
    maps_.names.set_limit(64);
    maps_.ranges.set_limit(64);
    maps_.service_ips.set_limit(64);
    maps_.service_ips.refuse_erase(false);
    maps_.frontends.refuse_erase(false);
    maps_.names.refuse_erase(false);
    maps_.ranges.refuse_erase(false);
    recover(desired);
    expect_in_force(desired);
    ASSERT_FALSE(HasFailure()) << "step " << step;
  }
  EXPECT_GT(failed, 100U);
}

TEST_F(SyncDelta, R113_RowsThatAreNotNamedAreNotLookedAt) {
  Desired desired;
  test::add(desired, "default/a", 1, test::row({1}));
  test::add(desired, "default/b", 2, test::row({2}));
  static_cast<void>(apply(desired));
  const test::MapView before = test::view_of(maps_);
  desired.services["default/a"] = test::row({1, 3});
  desired.frontends.erase(test::frontend("192.0.2.1", 2));
  Delta delta;
  static_cast<void>(apply(desired, delta));
  EXPECT_EQ(test::view_of(maps_), before);
  delta.services = {"default/a"};
  delta.frontends = {test::frontend("192.0.2.1", 2)};
  const Report report = apply(desired, delta);
  EXPECT_EQ(report.services_written, 1U);
  EXPECT_EQ(report.frontends_erased, 1U);
}

TEST_F(SyncDelta, I6_FirstDeltaAfterEverythingIsListedSweepsWhatWasKept) {
  Desired desired = test::one_service(test::row({1, 2}));
  static_cast<void>(apply(desired));
  restart();
  const Desired empty;
  static_cast<void>(apply(empty, /*may_delete=*/false));
  EXPECT_EQ(test::view_of(maps_), test::view_of(desired));
  static_cast<void>(apply(empty, Delta{}));
  EXPECT_EQ(test::view_of(maps_), test::view_of(empty));
}

}  // namespace
}  // namespace sp::sync
