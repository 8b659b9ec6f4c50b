// SPDX-License-Identifier: Apache-2.0
#include "loader/compile/health_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "tests/harness/cluster_builder.h"

namespace sp::compile {
namespace {

using model::Kind;
using model::ObjectId;
using test::cluster_of;
using test::endpoint;
using test::put;
using test::slice;
using test::terminating;
using testing::ElementsAre;
using testing::Pair;

model::Service local_balancer(const std::string& name, std::uint16_t port = 32000) {
  model::Service out = test::service(name);
  out.external_policy = model::TrafficPolicy::local;
  out.health_check_node_port = port;
  return out;
}

HealthCheck check(std::uint16_t port, std::optional<std::uint32_t> v4, std::optional<std::uint32_t> v6) {
  return {.port = port, .local_endpoints = {v4, v6}};
}

ObjectId id(Kind kind, const std::string& name) {
  return {kind, {"default", name}};
}

HealthCheckTable table_of(const model::Cluster& cluster) {
  HealthChecks checks("n1");
  checks.rebuild(cluster);
  return checks.table();
}

TEST(HealthChecks, OnlyLoadBalancersWithPolicyLocalAndAPortHaveOne) {
  model::Service cluster_policy = local_balancer("a");
  cluster_policy.external_policy = model::TrafficPolicy::cluster;
  model::Service node_port = local_balancer("b");
  node_port.type = model::ServiceType::node_port;
  model::Service without_port = local_balancer("c", 0);
  model::Service foreign = local_balancer("d");
  foreign.foreign_proxy = true;
  model::Service headless = local_balancer("e");
  headless.headless = true;
  const auto table =
      table_of(cluster_of(cluster_policy, node_port, without_port, foreign, headless, local_balancer("good", 32001)));
  EXPECT_THAT(table, ElementsAre(Pair(model::ObjectKey{"default", "good"}, check(32001, 0, 0))));
}

TEST(HealthChecks, CountsDistinctAddressesOfReadyEndpointsOnThisNode) {
  model::Service web = local_balancer("web");
  web.ports.push_back({"https", Protocol::tcp, 443, 0, std::uint16_t{8443}});
  auto first = slice("web", {endpoint("10.0.0.1", "n1"), endpoint("10.0.0.2", "n1"), endpoint("10.0.0.3", "n2"),
                             endpoint("10.0.0.4", ""), terminating(endpoint("10.0.0.5", "n1"))});
  first.endpoints[1].ready = false;
  first.ports.push_back({"https", Protocol::tcp, 8443});
  auto second = slice("web", {endpoint("10.0.0.1", "n1"), endpoint("10.0.0.9", "n1")}, 9090);
  second.meta.name = "web-2";
  auto v6 = slice("web", {endpoint("fd00::1", "n1")});
  v6.meta.name = "web-6";
  const auto table = table_of(cluster_of(web, first, second, v6));
  EXPECT_EQ(table.begin()->second, check(32000, 2, 1));
}

TEST(HealthChecks, PublishedEndpointsCountWhileTheyTerminate) {
  auto published = terminating(endpoint("10.0.0.1", "n1"));
  published.ready = true;
  EXPECT_EQ(table_of(cluster_of(local_balancer("web"), slice("web", {published}))).begin()->second, check(32000, 1, 0));
}

TEST(HealthChecks, SlicesOfPortsThatTheServiceDoesNotHaveDoNotCount) {
  auto other = slice("web", {endpoint("10.0.0.1", "n1")});
  other.ports = {{"metrics", Protocol::tcp, 9100}, {"http", Protocol::udp, 8080}};
  EXPECT_EQ(table_of(cluster_of(local_balancer("web"), other)).begin()->second, check(32000, 0, 0));
}

TEST(HealthChecks, AFamilyThatTheServiceDoesNotHaveHasNoListener) {
  model::Service web = local_balancer("web");
  web.ipv6 = false;
  EXPECT_EQ(table_of(cluster_of(web, slice("web", {endpoint("10.0.0.1", "n1")}))).begin()->second,
            check(32000, 1, std::nullopt));
}

TEST(HealthChecks, PodsCountWhereThereAreNoSlices) {
  model::Service web = local_balancer("web");
  web.selector = {{"app", "web"}};
  const auto labelled = [](const std::string& name, const std::string& address) {
    model::Pod pod = test::pod(name, {address}, {});
    pod.meta.labels = {{"app", "web"}};
    return pod;
  };
  model::Pod away = labelled("away", "10.0.0.2");
  away.node_name = "n2";
  model::Pod unready = labelled("unready", "10.0.0.3");
  unready.ready = false;
  model::Pod ended = labelled("ended", "10.0.0.4");
  ended.phase = model::PodPhase::failed;
  model::Pod stranger = labelled("stranger", "10.0.0.5");
  stranger.meta.labels = {{"app", "other"}};
  model::Cluster cluster = cluster_of(web, labelled("good", "10.0.0.1"), away, unready, ended, stranger);
  HealthChecks checks("n1");
  checks.rebuild(cluster);
  EXPECT_EQ(checks.table().begin()->second, check(32000, 1, 0));
  cluster.pods.erase({"default", "good"});
  EXPECT_TRUE(checks.update(cluster, std::vector{id(Kind::pod, "good")}));
  EXPECT_EQ(checks.table().begin()->second, check(32000, 0, 0));
}

TEST(HealthChecks, SaysWhetherAChangeMattered) {
  model::Cluster cluster = cluster_of(local_balancer("web"), slice("web", {endpoint("10.0.0.1", "n1")}));
  HealthChecks checks("n1");
  EXPECT_TRUE(checks.rebuild(cluster));
  EXPECT_FALSE(checks.rebuild(cluster));
  // Another node's endpoint.
  put(cluster, slice("web", {endpoint("10.0.0.1", "n1"), endpoint("10.0.0.2", "n2")}));
  EXPECT_FALSE(checks.update(cluster, std::vector{id(Kind::endpoint_slice, "web-slice")}));
  put(cluster, slice("web", {endpoint("10.0.0.1", "n1"), endpoint("10.0.0.2", "n1")}));
  EXPECT_TRUE(checks.update(cluster, std::vector{id(Kind::endpoint_slice, "web-slice")}));
  EXPECT_EQ(checks.table().begin()->second, check(32000, 2, 0));
}

// One random change after the other, applied as told, must leave what a fresh look finds.
TEST(HealthChecks, FollowsAnyOrderOfChanges) {
  const char* given = std::getenv("SP_TEST_SEED");
  const auto seed = given != nullptr ? static_cast<std::uint32_t>(std::stoul(given)) : std::random_device{}();
  std::cout << "SP_TEST_SEED=" << seed << std::endl;
  std::mt19937 random(seed);
  const auto one_of = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  model::Cluster cluster = cluster_of();
  HealthChecks checks("n1");
  for (int step = 0; step < 2000; ++step) {
    std::vector<ObjectId> changed;
    for (unsigned n = 1 + one_of(3); n > 0; --n) {
      const std::string name(1, static_cast<char>('a' + one_of(3)));
      if (one_of(3) == 0) {
        changed.push_back(id(Kind::service, name));
        model::Service service = local_balancer(name, static_cast<std::uint16_t>(one_of(3) * 1000));
        one_of(3) == 0 ? void(cluster.services.erase(changed.back().key)) : put(cluster, service);
      } else {
        auto object = slice(name, {endpoint("10.0.0." + std::to_string(one_of(4)), one_of(2) == 0 ? "n1" : "n2")});
        object.meta.name = "slice-" + std::to_string(one_of(5));
        changed.push_back(id(Kind::endpoint_slice, object.meta.name));
        one_of(3) == 0 ? void(cluster.endpoint_slices.erase(changed.back().key)) : put(cluster, object);
      }
    }
    const HealthCheckTable before = checks.table();
    const bool differs = checks.update(cluster, changed);
    ASSERT_EQ(checks.table(), table_of(cluster)) << "step " << step;
    ASSERT_EQ(differs, checks.table() != before) << "step " << step;
  }
}

}  // namespace
}  // namespace sp::compile
