// SPDX-License-Identifier: Apache-2.0
// Sync: what one apply() does to the maps. Long random histories are in sync_random_test.cpp.
#include "loader/sync/sync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/sync_fixture.h"

namespace sp::sync {
namespace {

using compile::Desired;
using test::kWeb;
using test::one_service;
using test::SyncTest;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(SyncTest, WritesEveryRowOfANewService) {
  const Desired desired = one_service(test::row({1, 2, 3}));
  const Report report = apply(desired);
  EXPECT_EQ(test::view_of(maps_), test::view_of(desired));
  EXPECT_EQ(report.services_written, 1U);
  EXPECT_EQ(report.frontends_written, 1U);
  EXPECT_EQ(report.backends_written, 3U);
  EXPECT_TRUE(report.problems.empty());
}

TEST_F(SyncTest, R113_UnchangedDesiredWritesNothing) {
  Desired desired = one_service(test::row({1, 2}));
  desired.source_ranges[kWeb] = {*Prefix::parse("10.1.2.3/8")};
  apply(desired);
  const std::size_t before = hash_writes();
  const Report report = apply(desired);
  EXPECT_EQ(hash_writes(), before);
  EXPECT_EQ(report.services_written + report.backends_written + report.frontends_written, 0U);
}

TEST_F(SyncTest, R113_ChangeOfOneServiceLeavesTheOthersAlone) {
  Desired desired = one_service(test::row({1, 2}));
  test::add(desired, "default/db:80/TCP@v4", 30001, test::row({3}));
  apply(desired);
  desired.services[kWeb] = test::row({1, 2, 4});
  const Report report = apply(desired);
  EXPECT_EQ(report.services_written, 1U);
  EXPECT_EQ(report.backends_written, 1U);
  EXPECT_EQ(report.frontends_written, 0U);
}

TEST_F(SyncTest, I1_NewSetGoesToSlotsThatTheOldOneDoesNotUse) {
  apply(one_service(test::row({1, 2, 3})));
  const sp_service_val old = maps_.services.rows()[service_id(kWeb)];
  apply(one_service(test::row({1, 3})));
  const sp_service_val now = maps_.services.rows()[service_id(kWeb)];
  EXPECT_GE(now.slot_base, old.slot_base + old.slot_count);
}

TEST_F(SyncTest, I1_FreedSlotsRestBeforeTheyAreUsedAgain) {
  apply(one_service(test::row({1, 2, 3})));
  const std::uint32_t first_base = maps_.services.rows()[service_id(kWeb)].slot_base;
  for (int round = 0; round < 5; ++round) {
    apply(one_service(test::row({round, 10})));
    EXPECT_NE(maps_.services.rows()[service_id(kWeb)].slot_base, first_base);
  }
  rest();
  apply(one_service(test::row({1, 2})));
  EXPECT_EQ(maps_.services.rows()[service_id(kWeb)].slot_base, first_base);
}

TEST_F(SyncTest, R082_BackendThatStopsServingIsRetiredAfterTheNewSetIsInForce) {
  apply(one_service(test::row({1, 2})));
  const std::uint32_t gone = backend_id(kWeb, 1);
  const std::uint32_t stays = backend_id(kWeb, 2);
  const std::uint32_t gone_before = generation(gone);
  const std::uint32_t stays_before = generation(stays);
  const Report report = apply(one_service(test::row({2, 3})));
  EXPECT_EQ(report.backends_retired, 1U);
  EXPECT_GT(generation(gone), gone_before);
  EXPECT_EQ(generation(stays), stays_before);
  EXPECT_EQ(backend_id(kWeb, 2), stays);
}

TEST_F(SyncTest, R083_AnotherPortOfTheSameAddressIsAnotherBackend) {
  apply(one_service(test::row({1})));
  const std::uint32_t old = backend_id(kWeb, 1);
  const std::uint32_t before = generation(old);
  compile::ServiceRow moved = test::row({1});
  moved.backends = moved.serving = {{test::ip("10.0.0.1"), 81, false}};
  apply(one_service(moved));
  EXPECT_GT(generation(old), before);
  EXPECT_NE(backend_id(kWeb, 1), old);
}

TEST_F(SyncTest, R084_BackendThatIsOnlyNoLongerChosenKeepsRowAndGeneration) {
  apply(one_service(test::row({1, 2})));
  const std::uint32_t id = backend_id(kWeb, 1);
  const std::uint32_t before = generation(id);
  apply(one_service(test::row({2}, {1})));
  EXPECT_EQ(backend_id(kWeb, 1), id);
  EXPECT_EQ(generation(id), before);
  EXPECT_FALSE(selected(id));
  apply(one_service(test::row({1, 2})));
  EXPECT_EQ(backend_id(kWeb, 1), id);
  EXPECT_TRUE(selected(id));
}

TEST_F(SyncTest, R085_NothingIsRetiredWhileNothingServesAndTheFirstServingOneRetiresTheRest) {
  apply(one_service(test::row({1, 2})));
  const std::uint32_t id = backend_id(kWeb, 1);
  const std::uint32_t other = backend_id(kWeb, 2);
  const std::uint32_t before = generation(id);
  const std::uint32_t other_before = generation(other);
  EXPECT_EQ(apply(one_service(test::row({}))).backends_retired, 0U);
  EXPECT_EQ(generation(id), before);
  EXPECT_FALSE(selected(id));
  EXPECT_TRUE(test::view_of(maps_).services.at(kWeb).set.empty());
  EXPECT_EQ(apply(one_service(test::row({1}))).backends_retired, 1U);
  EXPECT_EQ(backend_id(kWeb, 1), id);
  EXPECT_EQ(generation(id), before);
  EXPECT_GT(generation(other), other_before);
}

TEST_F(SyncTest, LocalFlagChangesInPlace) {
  apply(one_service(test::row({1})));
  const std::uint32_t id = backend_id(kWeb, 1);
  const std::uint32_t before = generation(id);
  compile::ServiceRow local = test::row({1});
  local.backends = local.serving = {{test::ip("10.0.0.1"), 80, true}};
  const Desired desired = one_service(local);
  apply(desired);
  EXPECT_EQ(backend_id(kWeb, 1), id);
  EXPECT_EQ(generation(id), before);
  EXPECT_EQ(test::view_of(maps_), test::view_of(desired));
}

TEST_F(SyncTest, R073_AffinityTimeoutIsRoundedUpToTicks) {
  compile::ServiceRow row = test::row({1});
  row.flags = SP_SERVICE_AFFINITY;
  row.affinity_timeout_s = 10800;
  apply(one_service(row));
  EXPECT_EQ(maps_.services.rows()[service_id(kWeb)].flags, SP_SERVICE_AFFINITY);
  EXPECT_EQ(maps_.services.rows()[service_id(kWeb)].affinity_ticks, 10059U);  // 10800 s / 1.073741824 s = 10058.28
}

TEST_F(SyncTest, R075_AffinityIsSwitchedWithoutTouchingTheSet) {
  apply(one_service(test::row({1, 2})));
  const std::uint32_t base = maps_.services.rows()[service_id(kWeb)].slot_base;
  compile::ServiceRow row = test::row({1, 2});
  row.flags = SP_SERVICE_AFFINITY;
  row.affinity_timeout_s = 10;
  EXPECT_EQ(apply(one_service(row)).services_written, 1U);
  EXPECT_EQ(maps_.services.rows()[service_id(kWeb)].slot_base, base);
  apply(one_service(test::row({1, 2})));
  EXPECT_EQ(maps_.services.rows()[service_id(kWeb)].flags, 0U);
}

TEST_F(SyncTest, R071_SourceRangesAreAddedAndRemovedByTheNetworkTheyMean) {
  Desired desired = one_service(test::row({1}));
  desired.source_ranges[kWeb] = {*Prefix::parse("10.1.2.3/8"), *Prefix::parse("2001:db8::/32")};
  apply(desired);
  const std::string service = kWeb;
  EXPECT_THAT(test::view_of(maps_).ranges, ElementsAre(service + " 10.0.0.0/136", service + " 2001:db8::/64"));
  const std::size_t before = maps_.ranges.writes();
  desired.source_ranges[kWeb] = {*Prefix::parse("10.9.9.9/8")};  // the same network
  apply(desired);
  EXPECT_THAT(test::view_of(maps_).ranges, ElementsAre(service + " 10.0.0.0/136"));
  EXPECT_EQ(maps_.ranges.writes(), before + 1);
  desired.source_ranges.clear();
  apply(desired);
  EXPECT_TRUE(maps_.ranges.rows().empty());
}

TEST_F(SyncTest, R081_DeletedServiceLosesItsFrontendsAndItsRows) {
  Desired desired = one_service(test::row({1}));
  test::add(desired, "default/db:80/TCP@v4", 30001, test::row({1}));
  apply(desired);
  const std::uint32_t id = service_id(kWeb);
  const std::uint32_t backend = backend_id(kWeb, 1);
  const std::uint32_t before = generation(backend);
  desired.services.erase(kWeb);
  desired.frontends.erase(test::frontend("192.0.2.1", 30000));
  const Report report = apply(desired);
  EXPECT_EQ(report.frontends_erased, 1U);
  EXPECT_EQ(report.services_erased, 1U);
  EXPECT_GT(generation(backend), before);
  EXPECT_EQ(test::view_of(maps_), test::view_of(desired));
  rest();
  apply(desired);
  EXPECT_EQ(maps_.services.rows()[id].slot_count, 0U);
}

TEST_F(SyncTest, FrontendMovesToAnotherServiceInOneWrite) {
  Desired desired = one_service(test::row({1}));
  apply(desired);
  Desired moved;
  test::add(moved, "default/new:80/TCP@v4", 30000, test::row({2}));
  const Report report = apply(moved);
  EXPECT_EQ(report.frontends_written, 1U);
  EXPECT_EQ(report.frontends_erased, 0U);
  EXPECT_EQ(report.services_erased, 1U);
  EXPECT_EQ(test::view_of(maps_), test::view_of(moved));
}

TEST_F(SyncTest, ServiceIsNotErasedWhileAFrontendThatCannotBeErasedPointsToIt) {
  apply(one_service(test::row({1})));
  maps_.frontends.refuse_erase(true);
  Report report = apply(Desired{});
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_THAT(report.problems[0], HasSubstr("192.0.2.1:30000/TCP"));
  EXPECT_EQ(report.services_erased, 0U);
  EXPECT_EQ(test::view_of(maps_), test::view_of(one_service(test::row({1}))));
  maps_.frontends.refuse_erase(false);
  report = apply(Desired{});
  EXPECT_EQ(report.services_erased, 1U);
  EXPECT_EQ(test::view_of(maps_), test::view_of(Desired{}));
}

TEST_F(SyncTest, I6_BeforeSourcesAreCompleteNothingIsTakenAway) {
  Desired full = one_service(test::row({1, 2}));
  test::add(full, "default/db:80/TCP@v4", 30001, test::row({3}));
  full.source_ranges[kWeb] = {*Prefix::parse("10.0.0.0/8")};
  apply(full);
  const Desired partial = one_service(test::row({1}));
  const Report report = apply(partial, false);
  EXPECT_EQ(report.backends_retired + report.services_erased + report.frontends_erased, 0U);
  EXPECT_EQ(test::view_of(maps_), test::view_of(full));
  apply(partial, true);
  EXPECT_EQ(test::view_of(maps_), test::view_of(partial));
}

TEST_F(SyncTest, I6_BeforeSourcesAreCompleteSetsMayGrow) {
  apply(one_service(test::row({1, 2})));
  const Desired more = one_service(test::row({1, 2, 3}));
  apply(more, false);
  EXPECT_EQ(test::view_of(maps_), test::view_of(more));
}

TEST_F(SyncTest, I6_BeforeSourcesAreCompleteNoFrontendIsTakenFromAServiceNotYetSeen) {
  const Desired old = one_service(test::row({1}));
  apply(old);
  Desired partial;
  test::add(partial, "hostport:default/pod:30000/TCP@v4", 30000, test::row({2}));
  apply(partial, false);
  EXPECT_EQ(test::view_of(maps_).frontends, test::view_of(old).frontends);
}

class SyncOfMany : public SyncTest {
 protected:
  SyncOfMany() : SyncTest({.frontends = 1000, .names = 1000, .services = 1000, .slots = 1000, .backends = 1000}) {}
};

TEST_F(SyncOfMany, I12_WhatIsRefusedAmongManyIsNamedAndTheRestIsInForce) {
  Desired desired;
  for (int i = 0; i < 600; ++i) {
    test::add(desired, "default/s" + std::to_string(1000 + i), static_cast<std::uint16_t>(i + 1), test::row({1}));
  }
  maps_.names.set_limit(590);
  maps_.frontends.set_limit(580);
  const Report report = apply(desired);
  EXPECT_EQ(report.services_written, 590U);
  EXPECT_EQ(report.frontends_written, 580U);
  ASSERT_EQ(report.problems.size(), 20U);
  EXPECT_THAT(report.problems[0], HasSubstr("service default/s1590 is not in force: map sp_svc_names"));
  EXPECT_THAT(report.problems[19], HasSubstr(":590/TCP of service default/s1589 is not in force: map sp_frontends"));
  EXPECT_EQ(test::view_of(maps_).frontends.size(), 580U);
  maps_.names.set_limit(1000);
  maps_.frontends.set_limit(1000);
  EXPECT_TRUE(apply(desired).problems.empty());
  EXPECT_EQ(test::view_of(maps_), test::view_of(desired));
}

}  // namespace
}  // namespace sp::sync
