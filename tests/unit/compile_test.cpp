// SPDX-License-Identifier: Apache-2.0
// compile() as a whole: purity, names of rows, and what many Services cost.
#include "loader/compile/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <iostream>

#include "loader/compile/row_name.h"
#include "tests/harness/cluster_builder.h"

namespace sp::compile {
namespace {

using test::addr;
using test::cluster_of;

model::Cluster big_cluster(int services, int endpoints_each) {
  model::Cluster cluster = cluster_of();
  for (int s = 0; s < services; ++s) {
    const std::string name = "service-" + std::to_string(s);
    model::Service service = test::service(name);
    service.cluster_ips = {addr("10." + std::to_string(96 + s / 65536) + "." + std::to_string(s / 256 % 256) + "." +
                                std::to_string(s % 256))};
    service.ports[0].node_port = static_cast<std::uint16_t>(30000 + s);
    test::put(cluster, service);
    std::vector<model::Endpoint> endpoints;
    for (int e = 0; e < endpoints_each; ++e) {
      endpoints.push_back(test::endpoint("172." + std::to_string(s / 65536) + "." + std::to_string(s / 256 % 256) +
                                         "." + std::to_string(e)));
    }
    test::put(cluster, test::slice(name, std::move(endpoints)));
  }
  return cluster;
}

TEST(Compile, SameInputGivesTheSameOutput) {
  const model::Cluster cluster = big_cluster(20, 5);
  const Output first = compile(cluster, test::node_facts(), {});
  EXPECT_EQ(first.desired, compile(cluster, test::node_facts(), {}).desired);
  EXPECT_EQ(test::frontends_for(first), 60U);
}

TEST(Compile, EveryFrontendLeadsToARowAndEveryRowHasAFrontend) {
  model::Cluster cluster = big_cluster(20, 5);
  test::put(cluster, test::pod("a", {"10.0.0.1", "2001:db8:1::1"}, {{"", Protocol::tcp, 80, 30003, {}}}));
  const Desired desired = compile(cluster, test::node_facts(), {}).desired;
  std::map<std::string, int> pointed_to;
  for (const auto& [frontend, row] : desired.frontends) {
    EXPECT_TRUE(desired.services.contains(row.service)) << row.service;
    ++pointed_to[row.service];
  }
  EXPECT_EQ(pointed_to.size(), desired.services.size());
}

TEST(Compile, EmptyClusterOnANodeWithoutAddressesGivesNothing) {
  EXPECT_EQ(compile({}, {}, {}).desired, Desired{});
}

TEST(Compile, R008_UnnamedPortsAreToldApartByNumber) {
  model::Service service = test::service("web");
  service.ingress_ips = {addr("203.0.113.1")};
  service.ports = {{"", Protocol::tcp, 80, 0, std::uint16_t{80}},
                   {"", Protocol::tcp, 81, 0, std::uint16_t{81}},
                   {"", Protocol::tcp, 80, 0, std::uint16_t{82}}};
  const Output out = compile(cluster_of(service), test::node_facts(), {});
  EXPECT_EQ(test::target(out, test::at("203.0.113.1", 80)), "default/web:80/TCP@v4");
  EXPECT_EQ(test::target(out, test::at("203.0.113.1", 81)), "default/web:81/TCP@v4");
  ASSERT_EQ(out.problems.size(), 1U);
  EXPECT_THAT(out.problems[0].text, testing::HasSubstr("spec.ports[2]"));
}

TEST(RowName, LongNamesFitTheMapAndStayDifferent) {
  model::Service service = test::service(std::string(63, 's'));
  service.meta.ns = std::string(63, 'n');
  model::ServicePort port = service.ports[0];
  port.name = std::string(63, 'p');
  const auto one = service_row_name(service, port, Family::v4, model::TrafficPolicy::cluster);
  const auto other = service_row_name(service, port, Family::v4, model::TrafficPolicy::local);
  EXPECT_EQ(one.size(), SP_NAME_BYTES - 1U);
  EXPECT_EQ(other.size(), SP_NAME_BYTES - 1U);
  EXPECT_NE(one, other);
  EXPECT_EQ(bounded_name(std::string(SP_NAME_BYTES - 1, 'x')), std::string(SP_NAME_BYTES - 1, 'x'));
}

// Of this thread: other programs on the machine do not count.
double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// 2,500 Services of 10 endpoints took 17 ms with -O2, 10,000 of 100 took 0.2 s. The bound only catches a search that
// has become quadratic.
TEST(Compile, CostGrowsWithTheNumberOfServicesAndNotWithItsSquare) {
  const auto time = [](const model::Cluster& cluster) {
    const double start = cpu_ms();
    const Output out = compile(cluster, test::node_facts(), {});
    EXPECT_FALSE(out.desired.services.empty());
    return cpu_ms() - start;
  };
  const auto small = big_cluster(250, 10);
  const auto large = big_cluster(2500, 10);
  const double small_ms = std::min(time(small), time(small));
  const double large_ms = std::min(time(large), time(large));
  std::cout << "250 services: " << small_ms << " ms, 2500 services: " << large_ms << " ms" << std::endl;
  EXPECT_LT(large_ms, 40 * small_ms);
}

}  // namespace
}  // namespace sp::compile
