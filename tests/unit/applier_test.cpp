// SPDX-License-Identifier: Apache-2.0
// Applier: which changes cost a look at everything, and which do not.
#include "loader/agent/applier.h"

#include <gtest/gtest.h>

#include "tests/harness/cluster_builder.h"
#include "tests/harness/fake_map.h"
#include "tests/harness/map_view.h"

namespace sp::agent {
namespace {

class ApplierTest : public testing::Test {
 protected:
  ApplierTest() {
    for (const int number : {1, 2, 3}) {
      const std::string name = "web" + std::to_string(number);
      model::Service web = test::service(name);
      web.cluster_ips = {test::addr("10.96.0." + std::to_string(number))};
      test::put(cluster_, web);
      test::put(cluster_, test::slice(name, {test::endpoint("10.1.0." + std::to_string(number))}));
    }
    cluster_.complete = true;
  }

  sync::Sync adopt() {
    auto adopted = sync::Sync::adopt(maps_.tables());
    EXPECT_TRUE(adopted);
    return std::move(*adopted);
  }
  const sync::Report& apply(Cause cause, const std::vector<model::ObjectId>& changed = {}) {
    applier_.apply(cluster_, facts_, changed, cause, Applier::Clock::now());
    return applier_.last().report;
  }
  void expect_in_force() { EXPECT_EQ(test::view_of(maps_), test::view_of(applier_.desired())); }

  test::FakeMaps maps_;
  model::Cluster cluster_ = test::cluster_of();
  node::Facts facts_ = test::node_facts();
  Config config_;
  Applier applier_{adopt(), config_};
};

TEST_F(ApplierTest, R113_StartLooksAtEverythingAndAChangeAtWhatItConcerns) {
  EXPECT_TRUE(apply(Cause::start).full);
  EXPECT_EQ(applier_.totals().services, 3U);
  test::put(cluster_, test::slice("web2", {test::endpoint("10.1.0.2"), test::endpoint("10.1.0.9")}));
  const sync::Report& report = apply(Cause::api, {{model::Kind::endpoint_slice, {"default", "web2-slice"}}});
  EXPECT_FALSE(report.full);
  EXPECT_EQ(report.services_written, 1U);
  EXPECT_EQ(applier_.last().endpoint_slices_changed, 1U);
  EXPECT_EQ(applier_.totals().backends, 4U);
  expect_in_force();
}

TEST_F(ApplierTest, R113_ReconcileMendsWhatNobodyToldOf) {
  static_cast<void>(apply(Cause::start));
  cluster_.services.erase({"default", "web1"});
  static_cast<void>(apply(Cause::api));
  EXPECT_EQ(applier_.totals().services, 3U);
  EXPECT_TRUE(apply(Cause::reconcile).full);
  EXPECT_EQ(applier_.totals().services, 2U);
  expect_in_force();
}

TEST_F(ApplierTest, NewAddressOfTheNodeLooksAtEverythingAndANewDeviceDoesNot) {
  static_cast<void>(apply(Cause::start));
  facts_.devices.push_back({9, "veth9", 1500, true});
  EXPECT_FALSE(apply(Cause::netlink).full);
  facts_.addresses.push_back({test::addr("198.51.100.1"), 2, 24, false});
  EXPECT_TRUE(apply(Cause::netlink).full);
}

TEST_F(ApplierTest, R109_PodRangesOfTheNodeAreFollowedInNodeCidrMode) {
  config_.detect_local.mode = DetectLocal::Mode::node_cidr;
  Applier applier{adopt(), config_};
  const auto pods_after = [&](const char* range, Cause cause) {
    const model::ObjectKey key{"", facts_.node_name};
    cluster_.nodes[key].pod_cidrs = {*Prefix::parse(range)};
    const std::vector<model::ObjectId> changed = {{model::Kind::node, key}};
    applier.apply(cluster_, facts_, changed, cause, Applier::Clock::now());
    return applier.desired().networks.pods;
  };
  EXPECT_EQ(pods_after("10.244.1.0/24", Cause::start), std::vector{*Prefix::parse("10.244.1.0/24")});
  EXPECT_EQ(pods_after("10.244.7.0/24", Cause::api), std::vector{*Prefix::parse("10.244.7.0/24")});
}

TEST_F(ApplierTest, I6_NothingIsSweptBeforeTheClusterIsComplete) {
  static_cast<void>(apply(Cause::start));
  cluster_.complete = false;
  cluster_.services.erase({"default", "web1"});
  const std::vector<model::ObjectId> changed = {{model::Kind::service, {"default", "web1"}}};
  EXPECT_EQ(apply(Cause::api, changed).services_erased, 0U);
  cluster_.complete = true;
  const sync::Report& report = apply(Cause::api);
  EXPECT_TRUE(report.full);
  EXPECT_EQ(report.services_erased, 1U);
  expect_in_force();
}

TEST_F(ApplierTest, I12_RowsWithoutRoomAreWrittenWithTheNextChangeOrByARetry) {
  maps_.frontends.set_limit(8);  // of nine: three Services for three classes of clients
  static_cast<void>(apply(Cause::start));
  EXPECT_EQ(applier_.last().rows_failed, 1U);
  EXPECT_TRUE(applier_.unfinished());
  static_cast<void>(apply(Cause::api));
  EXPECT_TRUE(applier_.unfinished()) << "the row is still missing, whoever looks";
  maps_.frontends.set_limit(64);
  EXPECT_TRUE(apply(Cause::retry).full);
  EXPECT_FALSE(applier_.unfinished());
  expect_in_force();
}

TEST_F(ApplierTest, I12_ContradictionsAreCountedForAsLongAsTheyLast) {
  static_cast<void>(apply(Cause::start));
  EXPECT_EQ(applier_.last().problems, 0U);
  model::Service twin = test::service("twin");
  twin.cluster_ips = {test::addr("10.96.0.1")};
  test::put(cluster_, twin);
  const std::vector<model::ObjectId> changed = {{model::Kind::service, {"default", "twin"}}};
  static_cast<void>(apply(Cause::api, changed));
  EXPECT_EQ(applier_.last().problems, 1U) << "two Services have one address";
  static_cast<void>(apply(Cause::netlink));
  EXPECT_EQ(applier_.last().problems, 1U) << "nobody mended it";
  cluster_.services.erase({"default", "twin"});
  static_cast<void>(apply(Cause::api, changed));
  EXPECT_EQ(applier_.last().problems, 0U);
}

}  // namespace
}  // namespace sp::agent
