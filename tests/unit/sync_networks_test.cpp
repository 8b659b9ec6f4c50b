// SPDX-License-Identifier: Apache-2.0
// Sync: the row of sp_networks and the addresses of sp_service_ips.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <tuple>
#include <vector>

#include "loader/sync/stores.h"
#include "tests/harness/store_watch.h"
#include "tests/harness/sync_fixture.h"

namespace sp::sync {
namespace {

using compile::Delta;
using compile::Desired;
using test::ip;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Prefix range(std::string_view text) {
  return *Prefix::parse(text);
}

class SyncNetworks : public test::SyncTest {
 protected:
  SyncNetworks() : SyncTest({.service_ips = 4}) {}
  std::vector<std::string> networks() { return test::view_of(maps_).networks; }
  sp_networks_val& row() { return maps_.networks.rows().front(); }
};

Desired one_cidr() {
  Desired desired;
  desired.networks.pods = {range("10.1.0.0/16"), range("fd01::/64")};
  desired.networks.services = {{range("10.96.0.0/12"), true}, {range("fd00::/112"), false}};
  desired.service_ips = {{ip("10.96.0.1"), SP_SERVICE_IP_REJECT}, {ip("10.96.0.10"), SP_SERVICE_IP_PASS}};
  return desired;
}

TEST_F(SyncNetworks, R063_R064_RangesAndAddressesComeIntoForceAndGo) {
  EXPECT_THAT(networks(), IsEmpty());
  const Report report = apply(one_cidr());
  EXPECT_THAT(networks(), ElementsAre("pods 10.1.0.0/16", "pods fd01::/64", "services 10.96.0.0/12 allocated",
                                      "services fd00::/112"));
  EXPECT_EQ(report.networks_written, 4U);
  EXPECT_EQ(report.service_ips_written, 2U);
  EXPECT_EQ(test::view_of(maps_), test::view_of(one_cidr()));
  apply(Desired{});
  EXPECT_THAT(networks(), IsEmpty());
  EXPECT_EQ(test::view_of(maps_), test::view_of(Desired{}));
}

TEST_F(SyncNetworks, RowOfNetworksHoldsMaskedAddressesWithIpv4InMappedForm) {
  apply(one_cidr());
  EXPECT_EQ(Ip(row().services[0][0].addr), ip("10.96.0.0"));
  EXPECT_EQ(row().services[0][0].mask.w[0], ~__be32{0});
  EXPECT_EQ(row().services[0][0].mask.w[3], __builtin_bswap32(0xfff00000));
  EXPECT_EQ(row().services[0][0].flags, SP_NETWORK_ALLOCATED);
  EXPECT_EQ(row().services[1][0].mask.w[3], __builtin_bswap32(0xffff0000));
  EXPECT_EQ(row().services[1][0].flags, 0U);
  EXPECT_EQ(Ip(row().pods[1].addr), ip("fd01::"));
}

TEST_F(SyncNetworks, I6_RestartAdoptsAndWritesNothing) {
  apply(one_cidr());
  const std::size_t before = maps_.service_ips.writes();
  restart();
  const Report report = apply(one_cidr());
  EXPECT_EQ(maps_.service_ips.writes(), before);
  EXPECT_EQ(report.networks_written, 0U);
  Desired fewer = one_cidr();
  fewer.service_ips.erase(ip("10.96.0.1"));
  restart();
  EXPECT_EQ(apply(fewer).service_ips_erased, 1U) << "gone while no agent ran";
}

TEST_F(SyncNetworks, I6_NothingGoesBeforeEverythingIsListed) {
  apply(one_cidr());
  restart();
  Desired early;
  early.networks.services = {{range("10.0.0.0/8"), true}};
  early.service_ips = {{ip("10.96.0.2"), SP_SERVICE_IP_REJECT}};
  apply(early, /*may_delete=*/false);
  EXPECT_THAT(networks(), ElementsAre("pods 10.1.0.0/16", "pods fd01::/64", "services 10.96.0.0/12 allocated",
                                      "services fd00::/112"))
      << "who has the addresses of a new range is not known yet";
  EXPECT_EQ(test::view_of(maps_).service_ips.size(), 3U);
  apply(early);
  EXPECT_EQ(test::view_of(maps_), test::view_of(early));
}

TEST_F(SyncNetworks, PodRangeOfTheNodeIsInForceAtOnce) {
  Desired early;
  early.networks.pods = {range("fd01::/64")};
  apply(early, /*may_delete=*/false);
  EXPECT_THAT(networks(), ElementsAre("pods fd01::/64"));
}

TEST_F(SyncNetworks, DeltaThatDoesNotNameThemLeavesThemAlone) {
  apply(one_cidr());
  Desired desired = one_cidr();
  desired.networks.services.pop_back();
  desired.service_ips[ip("10.96.0.2")] = SP_SERVICE_IP_REJECT;
  Delta delta;
  static_cast<void>(apply(desired, delta));
  EXPECT_EQ(test::view_of(maps_), test::view_of(one_cidr()));
  delta.networks = true;
  delta.service_ips = {ip("10.96.0.2")};
  static_cast<void>(apply(desired, delta));
  EXPECT_EQ(test::view_of(maps_), test::view_of(desired));
}

TEST_F(SyncNetworks, I12_FullTableOfAddressesIsReportedAndTheNodesOwnComeFirst) {
  Desired desired = one_cidr();
  for (int i = 1; i <= 5; ++i) {
    desired.service_ips[ip("10.96.0." + std::to_string(i))] = SP_SERVICE_IP_REJECT;
  }
  const Report report = apply(desired);
  ASSERT_EQ(report.problems.size(), 2U);
  EXPECT_THAT(report.problems[0], HasSubstr("address 10.96.0.4 is not in force: map sp_service_ips"));
  EXPECT_THAT(report.problems[0], HasSubstr("are not refused"));
  EXPECT_TRUE(test::view_of(maps_).service_ips.contains(ip("10.96.0.10")));
  maps_.service_ips.set_limit(64);
  static_cast<void>(apply(desired, Delta{}));
  EXPECT_EQ(test::view_of(maps_), test::view_of(desired)) << "tried again without being named";
}

TEST_F(SyncNetworks, I12_RangeThatFindsNoRoomIsReported) {
  Desired desired;
  for (int i = 0; i <= SP_MAX_SERVICE_NETS; ++i) {
    desired.networks.services.push_back({range("10." + std::to_string(i) + ".0.0/16"), true});
  }
  const Report report = apply(desired);
  EXPECT_THAT(report.problems,
              ElementsAre(HasSubstr("service network 10.8.0.0/16 is not in force: map sp_networks: full")));
  EXPECT_EQ(networks().size(), std::size_t{SP_MAX_SERVICE_NETS});
}

// What packets that look at the entry between two stores would take for inside.
TEST(StoreNetwork, EntryIsUnusedWhileItChanges) {
  if (!test::StoreWatch::kSupported) {
    GTEST_SKIP() << "needs x86-64";
  }
  const auto entry = [](std::string_view text) {
    sp_network out{};
    out.addr = range(text).address.raw();
    out.mask = range(text).mask();
    return out;
  };
  // The first word of the mask that packets look at, by family.
  for (const auto& [family, before, after, word] : {std::tuple(Family::v4, "10.0.0.0/8", "192.0.2.0/24", 3),
                                                    std::tuple(Family::v6, "fd00::/16", "2001:db8::/64", 0)}) {
    test::PageArray<sp_network> rows(1);
    sp_network& row = rows.rows().front();
    store_network(row, entry(before), family);
    std::vector<bool> used;
    {
      const test::StoreWatch::Region page(reinterpret_cast<std::byte*>(&row), 4096);
      test::StoreWatch watch({page}, [&] { used.push_back(row.mask.w[word] != 0); });
      store_network(row, entry(after), family);
    }
    ASSERT_GT(used.size(), 3U);
    EXPECT_EQ(std::count(used.begin(), used.end(), true), 1);
    EXPECT_TRUE(used.back());
    const sp_network wanted = entry(after);
    EXPECT_EQ(std::memcmp(&row, &wanted, sizeof row), 0);
  }
}

}  // namespace
}  // namespace sp::sync
