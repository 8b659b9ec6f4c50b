// SPDX-License-Identifier: Apache-2.0
// Compiler: whatever changes, it says what compile() would say of the whole, and names exactly what differs.
// SP_TEST_SEED repeats a history; the seed of a run is printed.
#include "loader/compile/compiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/harness/delta_between.h"
#include "tests/harness/random_cluster.h"
#include "tests/harness/seed.h"

namespace sp::compile {
namespace {

using test::seed;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Totals count(const Desired& desired) {
  Totals totals{desired.frontends.size(), desired.services.size(), 0};
  for (const auto& [name, row] : desired.services) {
    totals.backends += row.backends.size();
  }
  return totals;
}

// What a history went through: one that never gets there proves nothing.
struct Seen {
  int resets = 0;
  int frontends = 0;
  int ranges = 0;
  int problems = 0;
  int unchanged = 0;
  int networks = 0;
  int too_many_networks = 0;
  int service_ips = 0;
  int passed_ips = 0;
};

void expect_exact(const Delta& delta, const Output& before, const Output& now, Seen& seen) {
  const Delta wanted = test::delta_between(before.desired, now.desired);
  EXPECT_EQ(delta.services, wanted.services);
  EXPECT_EQ(delta.frontends, wanted.frontends);
  EXPECT_EQ(delta.source_ranges, wanted.source_ranges);
  EXPECT_EQ(delta.networks, wanted.networks);
  EXPECT_EQ(delta.service_ips, wanted.service_ips);
  EXPECT_EQ(delta.problems, before.problems != now.problems);
  seen.networks += delta.networks;
  seen.too_many_networks += std::any_of(now.problems.begin(), now.problems.end(), [](const Problem& problem) {
    return problem.object.starts_with("ServiceCIDR");
  });
  seen.service_ips += !delta.service_ips.empty();
  seen.passed_ips += std::any_of(now.desired.service_ips.begin(), now.desired.service_ips.end(),
                                 [](const auto& ip) { return ip.second == SP_SERVICE_IP_PASS; });
  seen.frontends += !wanted.frontends.empty();
  seen.ranges += !wanted.source_ranges.empty();
  seen.problems += delta.problems;
  seen.unchanged += wanted.services.empty();
}

// Every ClusterIP lies in a range that is in force, or undefined ports of it would not be refused.
void expect_covered(const Desired& desired) {
  for (const auto& [ip, fate] : desired.service_ips) {
    EXPECT_TRUE(std::any_of(desired.networks.services.begin(), desired.networks.services.end(),
                            [&](const ServiceNetwork& net) { return net.range.contains(ip); }))
        << ip.text();
  }
  for (const Family family : {Family::v4, Family::v6}) {
    EXPECT_LE(std::count_if(desired.networks.services.begin(), desired.networks.services.end(),
                            [&](const ServiceNetwork& net) { return net.range.address.family() == family; }),
              SP_MAX_SERVICE_NETS);
  }
}

class CompilerHistory : public testing::TestWithParam<Options> {};

TEST_P(CompilerHistory, R113_EveryChangeGivesWhatACompileOfTheWholeGives) {
  test::RandomCluster random(seed());
  const Options options = GetParam();
  Compiler compiler(options);
  Output before;
  Seen seen;
  for (int step = 0; step < 4000; ++step) {
    const std::vector<model::ObjectId> changed = random.step();
    const Delta delta = compiler.update(random.cluster(), random.facts(), changed);
    Output now = compile(random.cluster(), random.facts(), options);
    ASSERT_EQ(compiler.desired(), now.desired) << "step " << step;
    ASSERT_EQ(compiler.problems(), now.problems) << "step " << step;
    expect_covered(now.desired);
    EXPECT_EQ(compiler.totals().backends, count(now.desired).backends);
    if (delta.everything) {
      const bool node_changed =
          changed.empty() || std::any_of(changed.begin(), changed.end(),
                                         [](const model::ObjectId& id) { return id.kind == model::Kind::node; });
      EXPECT_TRUE(node_changed || step == 0) << "a reset for no reason";
      ++seen.resets;
    } else {
      expect_exact(delta, before, now, seen);
    }
    ASSERT_FALSE(HasFailure()) << "step " << step;
    before = std::move(now);
  }
  EXPECT_GT(seen.resets, 20);
  EXPECT_LT(seen.resets, 1000);
  EXPECT_GT(seen.frontends, 100);
  EXPECT_GT(seen.ranges, 20);
  EXPECT_GT(seen.problems, 100);
  EXPECT_GT(seen.unchanged, 100);
  EXPECT_GT(seen.networks, 20);
  EXPECT_GT(seen.too_many_networks, 20);
  EXPECT_GT(seen.service_ips, 100);
  EXPECT_GT(seen.passed_ips, 100);
}

Options primary_addresses() {
  return {};
}

Options every_address() {
  Options out;
  out.node_port_addresses = {*Prefix::parse("0.0.0.0/0"), *Prefix::parse("::/0")};
  out.detect_local = Options::DetectLocal::cluster_cidr;
  out.cluster_cidrs = {*Prefix::parse("10.1.0.0/16")};
  out.masquerade_all = true;
  return out;
}

Options pods_by_node_cidr() {
  Options out;
  out.detect_local = Options::DetectLocal::node_cidr;
  out.localhost_node_ports = false;
  out.external_ips = false;
  return out;
}

std::string name_of(const testing::TestParamInfo<Options>& options) {
  return std::vector<std::string>{"Primary", "EveryAddress", "NodeCidr"}[options.index];
}

INSTANTIATE_TEST_SUITE_P(Options, CompilerHistory,
                         testing::Values(primary_addresses(), every_address(), pods_by_node_cidr()), name_of);

class CompilerTest : public testing::Test {
 protected:
  CompilerTest() {
    model::Service web = test::service("web");
    web.cluster_ips = {test::addr("10.96.0.1")};
    web.ports[0].node_port = 30000;
    cluster_ = test::cluster_of(web, test::slice("web", {test::endpoint("10.1.0.1")}));
    static_cast<void>(compiler_.reset(cluster_, facts_));
  }
  Delta update(const model::ObjectId& id) { return compiler_.update(cluster_, facts_, {&id, 1}); }

  model::Cluster cluster_;
  node::Facts facts_ = test::node_facts();
  Compiler compiler_{{}};
};

TEST_F(CompilerTest, AnotherEndpointIsOneRow) {
  test::put(cluster_, test::slice("web", {test::endpoint("10.1.0.1"), test::endpoint("10.1.0.2")}));
  const Delta delta = update({model::Kind::endpoint_slice, {"default", "web-slice"}});
  EXPECT_THAT(delta.services, ElementsAre("default/web:http/TCP@v4"));
  EXPECT_THAT(delta.frontends, IsEmpty());
  EXPECT_EQ(compiler_.totals().backends, 2U);
}

TEST_F(CompilerTest, ServiceThatComesFirstByNameTakesTheNodePortAndTheOtherIsTold) {
  model::Service api = test::service("api");
  api.ports[0].node_port = 30000;
  test::put(cluster_, api);
  const Delta delta = update({model::Kind::service, {"default", "api"}});
  EXPECT_FALSE(delta.everything);
  EXPECT_TRUE(delta.problems);
  ASSERT_EQ(compiler_.problems().size(), 1U);
  EXPECT_EQ(compiler_.problems()[0].object, "Service default/web");
  EXPECT_THAT(compiler_.problems()[0].text, HasSubstr("taken by Service default/api"));
}

TEST_F(CompilerTest, NewDeviceLeavesEverythingAsItIs) {
  facts_.devices.push_back(test::device(7, "veth0"));
  const Delta delta = compiler_.update(cluster_, facts_, {});
  EXPECT_FALSE(delta.everything);
  EXPECT_THAT(delta.frontends, IsEmpty());
}

TEST_F(CompilerTest, RowsThatStayAsTheyAreKeepTheirMemory) {
  const std::string name = "default/web:http/TCP@v4";
  const Backend* const before = compiler_.desired().services.at(name).backends.data();
  EXPECT_THAT(update({model::Kind::endpoint_slice, {"default", "web-slice"}}).services, IsEmpty());
  EXPECT_EQ(compiler_.desired().services.at(name).backends.data(), before);
  EXPECT_EQ(compiler_.desired().services.at(name).serving.data(), before);
}

}  // namespace
}  // namespace sp::compile
