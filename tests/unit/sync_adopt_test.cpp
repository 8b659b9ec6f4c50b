// SPDX-License-Identifier: Apache-2.0
// Sync: what a restarted agent makes of pinned maps, and what happens when a map is full.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/sync_fixture.h"

namespace sp::sync {
namespace {

using compile::Desired;
using test::kWeb;
using test::MapSizes;
using test::one_service;
using test::SyncTest;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

using SyncAdopt = SyncTest;

TEST_F(SyncAdopt, I6_RestartWithTheSameDesiredWritesNothing) {
  Desired desired = one_service(test::row({1, 2}, {3}));
  test::add(desired, "default/db:80/TCP@v4", 30001, test::row({4}));
  desired.source_ranges[kWeb] = {*Prefix::parse("10.0.0.0/8"), *Prefix::parse("2001:db8::/32")};
  apply(desired);
  const std::size_t before = hash_writes();
  restart();
  const Report report = apply(desired);
  EXPECT_EQ(hash_writes(), before);
  EXPECT_EQ(report.services_written + report.backends_written + report.backends_retired, 0U);
  EXPECT_EQ(test::view_of(maps_), test::view_of(desired));
}

TEST_F(SyncAdopt, I6_RestartKeepsIdsAndGenerationsOfWhatStays) {
  apply(one_service(test::row({1, 2})));
  const std::uint32_t service = service_id(kWeb);
  const std::uint32_t stays = backend_id(kWeb, 2);
  const std::uint32_t leaves = backend_id(kWeb, 1);
  const std::uint32_t stays_before = generation(stays);
  const std::uint32_t leaves_before = generation(leaves);
  restart();
  apply(one_service(test::row({2, 3})));
  EXPECT_EQ(service_id(kWeb), service);
  EXPECT_EQ(backend_id(kWeb, 2), stays);
  EXPECT_EQ(generation(stays), stays_before);
  EXPECT_GT(generation(leaves), leaves_before);
}

TEST_F(SyncAdopt, I6_AffinityTimeoutsSurviveARestart) {
  compile::ServiceRow row = test::row({1});
  row.flags = SP_SERVICE_AFFINITY;
  row.affinity_timeout_s = 10800;
  apply(one_service(row));
  restart();
  apply(one_service(row));
  EXPECT_EQ(test::view_of(maps_), test::view_of(one_service(row)));
}

TEST_F(SyncAdopt, R085_BackendsKeptWhileNothingServedAreRetiredAfterARestart) {
  apply(one_service(test::row({1, 2})));
  const std::uint32_t id = backend_id(kWeb, 1);
  const std::uint32_t before = generation(id);
  apply(one_service(test::row({})));
  restart();
  apply(one_service(test::row({})));
  EXPECT_EQ(generation(id), before);
  apply(one_service(test::row({2})));
  EXPECT_GT(generation(id), before);
}

TEST_F(SyncAdopt, WhatDisappearedWhileNoAgentRanIsErased) {
  Desired desired = one_service(test::row({1}));
  test::add(desired, "default/db:80/TCP@v4", 30001, test::row({2}));
  desired.source_ranges[kWeb] = {*Prefix::parse("10.0.0.0/8")};
  apply(desired);
  restart();
  Desired rest_of_it;
  test::add(rest_of_it, "default/db:80/TCP@v4", 30001, test::row({2}));
  apply(rest_of_it);
  EXPECT_EQ(test::view_of(maps_), test::view_of(rest_of_it));
}

TEST_F(SyncAdopt, RowsThatRestedWhenTheAgentDiedAreClearedAndTheirGenerationGrows) {
  apply(one_service(test::row({1, 2})));
  const std::uint32_t id = backend_id(kWeb, 1);
  apply(one_service(test::row({2})));
  const std::uint32_t retired = generation(id);
  restart();
  EXPECT_EQ(maps_.backends.rows()[id].flags, 0);
  EXPECT_GT(generation(id), retired);
}

TEST_F(SyncAdopt, SetThatPointsOutOfTheSlotsIsReplaced) {
  apply(one_service(test::row({1})));
  maps_.services.rows()[service_id(kWeb)].slot_base = 100000;
  restart();
  const Desired desired = one_service(test::row({1}));
  apply(desired);
  EXPECT_EQ(test::view_of(maps_), test::view_of(desired));
}

TEST_F(SyncAdopt, SetWithSlotsOfAnotherServiceIsReplaced) {
  Desired desired = one_service(test::row({1}));
  test::add(desired, "default/db:80/TCP@v4", 30001, test::row({2}));
  apply(desired);
  maps_.services.rows()[service_id(kWeb)].slot_base =
      maps_.services.rows()[service_id("default/db:80/TCP@v4")].slot_base;
  restart();
  apply(desired);
  EXPECT_EQ(test::view_of(maps_), test::view_of(desired));
}

TEST_F(SyncAdopt, FrontendOfANamelessServiceStaysUntilSourcesAreComplete) {
  apply(one_service(test::row({1})));
  ASSERT_TRUE(maps_.names.erase(service_id(kWeb)));
  restart();
  apply(Desired{}, false);
  EXPECT_EQ(maps_.frontends.rows().size(), 1U);
  const Desired desired = one_service(test::row({1}));
  apply(desired, true);
  EXPECT_EQ(test::view_of(maps_), test::view_of(desired));
}

class SyncFull : public SyncTest {
 protected:
  SyncFull() : SyncTest(MapSizes{4, 4, 2, 3, 8, 6}) {}
};

TEST_F(SyncFull, I12_FullSlotsLeaveTheOldSetInForceAndAreReported) {
  apply(one_service(test::row({1, 2, 3})));
  apply(one_service(test::row({1, 2, 3, 4})));
  const Desired wanted = one_service(test::row({1, 2}));  // one slot is free, three are resting
  const Report report = apply(wanted);
  EXPECT_THAT(report.problems, ElementsAre(AllOf(HasSubstr("sp_slots"), HasSubstr(kWeb))));
  EXPECT_EQ(test::view_of(maps_), test::view_of(one_service(test::row({1, 2, 3, 4}))));
  rest();
  EXPECT_TRUE(apply(wanted).problems.empty());
  EXPECT_EQ(test::view_of(maps_), test::view_of(wanted));
}

TEST_F(SyncFull, I12_FullBackendsLeaveTheOldSetInForceAndAreReported) {
  apply(one_service(test::row({1, 2})));
  const Report report = apply(one_service(test::row({1, 3, 4, 5, 6})));
  EXPECT_THAT(report.problems, ElementsAre(AllOf(HasSubstr("sp_backends"), HasSubstr(kWeb))));
  EXPECT_EQ(test::view_of(maps_), test::view_of(one_service(test::row({1, 2}))));
  EXPECT_TRUE(apply(one_service(test::row({1, 3, 4, 5}))).problems.empty()) << "reserved ids were not given back";
}

TEST_F(SyncFull, I12_FullServicesAreReportedAndRetried) {
  Desired desired = one_service(test::row({1}));
  test::add(desired, "default/b", 30001, test::row({1}));
  const Desired two = desired;
  test::add(desired, "default/c", 30002, test::row({1}));
  Report report = apply(desired);
  EXPECT_THAT(report.problems, ElementsAre(AllOf(HasSubstr("sp_services"), HasSubstr(kWeb))));
  desired.services.erase("default/b");
  desired.frontends.erase(test::frontend("192.0.2.1", 30001));
  apply(desired);
  rest();
  EXPECT_TRUE(apply(desired).problems.empty());
  EXPECT_EQ(test::view_of(maps_), test::view_of(desired));
}

TEST_F(SyncFull, I12_FullFrontendsAreReportedAndRetried) {
  maps_.frontends.set_limit(1);
  Desired desired = one_service(test::row({1}));
  desired.frontends[test::frontend("192.0.2.2", 30000)] = {kWeb, 0, SP_KIND_NODE_PORT};
  const Report report = apply(desired);
  EXPECT_THAT(report.problems, ElementsAre(AllOf(HasSubstr("sp_frontends"), HasSubstr("192.0.2.2:30000/TCP"))));
  EXPECT_EQ(test::view_of(maps_), test::view_of(one_service(test::row({1}))));
  maps_.frontends.set_limit(2);
  EXPECT_TRUE(apply(desired).problems.empty());
  EXPECT_EQ(test::view_of(maps_), test::view_of(desired));
}

TEST_F(SyncFull, I12_FullNamesAreReportedAndNothingOfTheServiceIsLeftBehind) {
  maps_.names.set_limit(0);
  const Desired desired = one_service(test::row({1, 2, 3}));
  for (int i = 0; i < 5; ++i) {
    const Report report = apply(desired);
    EXPECT_THAT(report.problems, ElementsAre(AllOf(HasSubstr("sp_svc_names"), HasSubstr(kWeb))));
  }
  EXPECT_EQ(test::view_of(maps_), test::view_of(Desired{}));
  maps_.names.set_limit(4);
  EXPECT_TRUE(apply(desired).problems.empty());
  EXPECT_EQ(test::view_of(maps_), test::view_of(desired));
}

TEST_F(SyncFull, I12_FullSourceRangesCloseRatherThanOpenAndAreReported) {
  Desired desired = one_service(test::row({1}));
  desired.frontends.begin()->second.flags = SP_FRONTEND_SOURCE_RANGES;
  desired.source_ranges[kWeb] = {*Prefix::parse("10.0.0.0/8"), *Prefix::parse("11.0.0.0/8"),
                                 *Prefix::parse("12.0.0.0/8")};
  const Report report = apply(desired);
  EXPECT_THAT(report.problems, ElementsAre(AllOf(HasSubstr("sp_source_range"), HasSubstr("12.0.0.0/8"))));
  EXPECT_EQ(maps_.frontends.rows().begin()->second.flags, SP_FRONTEND_SOURCE_RANGES);
  maps_.ranges.set_limit(3);
  EXPECT_TRUE(apply(desired).problems.empty());
  EXPECT_EQ(test::view_of(maps_), test::view_of(desired));
}

}  // namespace
}  // namespace sp::sync
