// SPDX-License-Identifier: Apache-2.0
// Networks and addresses of Services: what becomes of packets to ports and addresses that no Service has.
#include "loader/compile/service_networks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loader/compile/compiler.h"
#include "tests/harness/cluster_builder.h"

namespace sp::compile {
namespace {

using model::Kind;
using test::addr;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

model::Service with_ips(const std::string& name, std::vector<std::string> ips) {
  model::Service out = test::service(name);
  for (const std::string& ip : ips) {
    out.cluster_ips.push_back(addr(ip));
  }
  return out;
}

class ServiceNetworksTest : public testing::Test {
 protected:
  ServiceNetworksTest() : cluster_(test::cluster_of()) {}

  void put_cidr(const std::string& name, std::vector<std::string> ranges) {
    model::ServiceCidr cidr;
    cidr.meta.name = name;
    for (const std::string& range : ranges) {
      cidr.cidrs.push_back(*Prefix::parse(range));
    }
    cluster_.service_cidrs[{"", name}] = std::move(cidr);
  }
  Output run() { return compile(cluster_, facts_, options_); }
  // "10.96.0.0/12 allocated", in the order of the row
  std::vector<std::string> networks(const Desired& desired) {
    std::vector<std::string> out;
    for (const ServiceNetwork& network : desired.networks.services) {
      out.push_back(network.range.text() + (network.allocated ? " allocated" : ""));
    }
    return out;
  }
  std::vector<std::string> networks() { return networks(run().desired); }
  sp_service_ip fate(std::string_view ip) {
    const auto ips = run().desired.service_ips;
    const auto found = ips.find(addr(ip));
    return found == ips.end() ? sp_service_ip{} : found->second;
  }

  model::Cluster cluster_;
  node::Facts facts_ = test::node_facts();
  Options options_;
};

TEST_F(ServiceNetworksTest, R063_EveryClusterIpRefusesPortsThatItLacks) {
  test::put(cluster_, with_ips("a", {"10.96.0.1", "fd00::1"}));
  test::put(cluster_, with_ips("b", {"10.96.0.7"}));
  EXPECT_THAT(run().desired.service_ips,
              ElementsAre(Pair(addr("10.96.0.1"), SP_SERVICE_IP_REJECT), Pair(addr("10.96.0.7"), SP_SERVICE_IP_REJECT),
                          Pair(addr("fd00::1"), SP_SERVICE_IP_REJECT)));
}

TEST_F(ServiceNetworksTest, R063_ClusterIpsOutsideEveryServiceCidrHaveARangeAroundThem) {
  put_cidr("kubernetes", {"10.96.0.0/12"});
  test::put(cluster_, with_ips("inside", {"10.96.0.1"}));
  EXPECT_THAT(networks(), ElementsAre("10.96.0.0/12 allocated"));
  test::put(cluster_, with_ips("a", {"172.16.0.1", "fd00::1:1"}));
  test::put(cluster_, with_ips("b", {"172.16.0.6", "fd00::2:1"}));
  EXPECT_THAT(networks(), ElementsAre("10.96.0.0/12 allocated", "172.16.0.0/29", "fd00::/110"))
      << "other addresses of these ranges are left alone";
}

TEST_F(ServiceNetworksTest, R063_AddressesTooFarApartForOneRangeHaveTwo) {
  test::put(cluster_, with_ips("a", {"10.0.0.1", "2001:db8::1"}));
  test::put(cluster_, with_ips("b", {"198.51.100.1", "fd00::1"}));
  EXPECT_THAT(networks(), ElementsAre("10.0.0.1/32", "198.51.100.1/32", "2001:db8::1/128", "fd00::1/128"));
}

TEST_F(ServiceNetworksTest, R063_TwoServicesThatShareAClusterIpByMistakeAreCounted) {
  Compiler compiler(options_);
  test::put(cluster_, with_ips("a", {"10.96.0.1"}));
  test::put(cluster_, with_ips("b", {"10.96.0.1"}));
  static_cast<void>(compiler.reset(cluster_, facts_));
  for (const auto& [name, left] : {std::pair("a", 1U), std::pair("b", 0U)}) {
    const model::ObjectId id{Kind::service, {"default", name}};
    cluster_.services.erase(id.key);
    EXPECT_EQ(compiler.update(cluster_, facts_, {&id, 1}).service_ips.empty(), left == 1) << name;
    EXPECT_EQ(compiler.desired().service_ips.size(), left) << name;
  }
}

TEST_F(ServiceNetworksTest, R063_AddressOfTheNodeIsTheStacksAffairWhoeverElseHasIt) {
  put_cidr("kubernetes", {"192.0.2.0/24"});
  test::put(cluster_, with_ips("dns", {"192.0.2.9"}));
  EXPECT_EQ(fate("192.0.2.9"), SP_SERVICE_IP_PASS) << "a cache may listen there";
  EXPECT_EQ(fate("192.0.2.1"), SP_SERVICE_IP_PASS) << "inside a ServiceCIDR, and no Service's";
  EXPECT_EQ(fate("2001:db8::1"), sp_service_ip{}) << "outside of them";
}

TEST_F(ServiceNetworksTest, R002_R063_AnotherProxysClusterIpIsLeftAlone) {
  put_cidr("kubernetes", {"10.96.0.0/12"});
  model::Service foreign = with_ips("foreign", {"10.96.0.1"});
  foreign.foreign_proxy = true;
  test::put(cluster_, foreign);
  EXPECT_EQ(fate("10.96.0.1"), SP_SERVICE_IP_PASS);
  test::put(cluster_, with_ips("ours", {"10.96.0.1"}));
  EXPECT_EQ(fate("10.96.0.1"), SP_SERVICE_IP_REJECT);
}

TEST_F(ServiceNetworksTest, R009_R011_ServicesThatAreNotThereHaveNoAddress) {
  model::Service headless = with_ips("headless", {"10.96.0.1"});
  headless.headless = true;
  model::Service external = with_ips("external", {"10.96.0.2"});
  external.type = model::ServiceType::external_name;
  model::Service v4_only = with_ips("v4", {"10.96.0.3", "fd00::3"});
  v4_only.ipv6 = false;
  test::put(cluster_, headless);
  test::put(cluster_, external);
  test::put(cluster_, v4_only);
  EXPECT_THAT(run().desired.service_ips, ElementsAre(Pair(addr("10.96.0.3"), SP_SERVICE_IP_REJECT)));
}

TEST_F(ServiceNetworksTest, R064_ServiceCidrComesIntoForceAndGoesWithItsObject) {
  Compiler compiler(options_);
  static_cast<void>(compiler.reset(cluster_, facts_));
  const model::ObjectId id{Kind::service_cidr, {"", "kubernetes"}};
  put_cidr("kubernetes", {"10.96.0.0/12", "fd00::5/112"});
  const Delta added = compiler.update(cluster_, facts_, {&id, 1});
  EXPECT_FALSE(added.everything);
  EXPECT_TRUE(added.networks);
  EXPECT_THAT(networks(compiler.desired()), ElementsAre("10.96.0.0/12 allocated", "fd00::/112 allocated"));
  put_cidr("kubernetes", {"10.96.0.0/16"});
  EXPECT_TRUE(compiler.update(cluster_, facts_, {&id, 1}).networks);
  EXPECT_THAT(networks(compiler.desired()), ElementsAre("10.96.0.0/16 allocated"));
  EXPECT_FALSE(compiler.update(cluster_, facts_, {&id, 1}).networks) << "no news";
  cluster_.service_cidrs.clear();
  EXPECT_TRUE(compiler.update(cluster_, facts_, {&id, 1}).networks);
  EXPECT_THAT(networks(compiler.desired()), IsEmpty());
}

TEST_F(ServiceNetworksTest, R064_RangeInsideAnotherTakesNoRoom) {
  put_cidr("a", {"10.96.0.0/16"});
  put_cidr("b", {"10.96.0.0/12"});
  put_cidr("c", {"10.96.0.0/12"});
  EXPECT_THAT(networks(), ElementsAre("10.96.0.0/12 allocated"));
}

TEST_F(ServiceNetworksTest, R064_MoreRangesThanFitAreNamedAndTheirClusterIpsStillRefuse) {
  for (int i = 0; i < 8; ++i) {
    put_cidr("c" + std::to_string(i), {"10." + std::to_string(i) + ".0.0/16"});
  }
  put_cidr("wide", {"172.16.0.0/12"});
  test::put(cluster_, with_ips("a", {"10.7.0.1"}));
  const Output out = run();
  EXPECT_THAT(networks(out.desired),
              ElementsAre("10.0.0.0/16 allocated", "10.1.0.0/16 allocated", "10.2.0.0/16 allocated",
                          "10.3.0.0/16 allocated", "10.4.0.0/16 allocated", "172.16.0.0/12 allocated", "10.7.0.1/32"));
  ASSERT_EQ(out.problems.size(), 3U);
  EXPECT_EQ(out.problems[0].object, "ServiceCIDR c5");
  EXPECT_THAT(out.problems[0].text, HasSubstr("spec.cidrs: 10.5.0.0/16 is beyond the 6 widest ranges"));
}

TEST_F(ServiceNetworksTest, R058_ClusterCidrsSayWhoIsAPod) {
  options_.cluster_cidrs = {*Prefix::parse("10.1.0.9/16"), *Prefix::parse("10.2.0.0/16"), *Prefix::parse("fd01::/48")};
  EXPECT_THAT(run().desired.networks.pods, IsEmpty()) << "the mode decides";
  options_.detect_local = Options::DetectLocal::cluster_cidr;
  EXPECT_THAT(run().desired.networks.pods, ElementsAre(*Prefix::parse("10.1.0.0/16"), *Prefix::parse("fd01::/48")))
      << "the first of each family";
}

TEST_F(ServiceNetworksTest, R058_R109_PodCidrsOfTheOwnNodeSayWhoIsAPodAndAreFollowed) {
  options_.detect_local = Options::DetectLocal::node_cidr;
  Compiler compiler(options_);
  static_cast<void>(compiler.reset(cluster_, facts_));
  EXPECT_THAT(compiler.desired().networks.pods, IsEmpty());
  ASSERT_EQ(compiler.problems().size(), 1U);
  EXPECT_EQ(compiler.problems()[0].object, "Node n1");
  EXPECT_THAT(compiler.problems()[0].text, HasSubstr("spec.podCIDRs: empty"));
  const model::ObjectId id{Kind::node, {"", "n1"}};
  cluster_.nodes.at(id.key).pod_cidrs = {*Prefix::parse("fd01::/64"), *Prefix::parse("10.1.3.0/24")};
  const Delta delta = compiler.update(cluster_, facts_, {&id, 1});
  EXPECT_TRUE(delta.everything);
  EXPECT_THAT(compiler.desired().networks.pods,
              ElementsAre(*Prefix::parse("10.1.3.0/24"), *Prefix::parse("fd01::/64")));
  EXPECT_THAT(compiler.problems(), IsEmpty());
}

TEST_F(ServiceNetworksTest, R058_NamesOfDevicesAreNoRanges) {
  options_.detect_local = Options::DetectLocal::devices;
  options_.cluster_cidrs = {*Prefix::parse("10.1.0.0/16")};
  EXPECT_THAT(run().desired.networks.pods, IsEmpty());
  EXPECT_THAT(run().problems, IsEmpty());
}

}  // namespace
}  // namespace sp::compile
