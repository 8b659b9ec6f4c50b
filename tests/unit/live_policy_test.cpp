// SPDX-License-Identifier: Apache-2.0
// Changes of Services and of the node while the agent runs: each takes effect with its own update.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "loader/compile/compiler.h"
#include "tests/harness/cluster_builder.h"

namespace sp::compile {
namespace {

using model::Kind;
using model::ServiceType;
using model::TrafficPolicy;
using test::addr;
using test::at;
using testing::ElementsAre;
using testing::IsEmpty;

const Frontend kClusterIp = at("10.96.0.1", 80);
const Frontend kVip = at("203.0.113.2", 80);
const Frontend kNodePort = at("192.0.2.1", 30000);

// "web" of every type: the fields that a type lacks are not there.
model::Service web(ServiceType type) {
  model::Service out = test::service("web");
  out.type = type;
  out.ipv6 = false;
  if (type == ServiceType::external_name) {
    return out;
  }
  out.cluster_ips = {addr("10.96.0.1")};
  out.ports[0].node_port = type == ServiceType::cluster_ip ? 0 : 30000;
  if (type == ServiceType::load_balancer) {
    out.ingress_ips = {addr("203.0.113.2")};
  }
  return out;
}

class LivePolicy : public testing::Test {
 protected:
  LivePolicy() {
    cluster_ =
        test::cluster_of(web(ServiceType::load_balancer),
                         test::slice("web", {test::endpoint("10.1.0.1", "n1"), test::endpoint("10.1.0.2", "n2")}));
    static_cast<void>(compiler_.reset(cluster_, facts_));
  }

  // The Service is `now`. What the update leads to is what a fresh look leads to.
  Delta put(const model::Service& now) {
    test::put(cluster_, now);
    return update({Kind::service, model::key_of(now.meta)});
  }
  Delta change(const std::function<void(model::Service&)>& edit) {
    model::Service now = cluster_.services.at({"default", "web"});
    edit(now);
    return put(now);
  }
  Delta update(const model::ObjectId& id) {
    const Delta delta = compiler_.update(cluster_, facts_, {&id, 1});
    EXPECT_EQ(compiler_.desired(), compile(cluster_, facts_, options_).desired);
    return delta;
  }
  Delta update_facts() {
    const Delta delta = compiler_.update(cluster_, facts_, {});
    EXPECT_EQ(compiler_.desired(), compile(cluster_, facts_, options_).desired);
    return delta;
  }
  [[nodiscard]] std::string target(const Frontend& frontend) const {
    const auto found = compiler_.desired().frontends.find(frontend);
    return found == compiler_.desired().frontends.end() ? "none" : found->second.service;
  }
  [[nodiscard]] std::vector<std::string> backends(const Frontend& frontend) const {
    return test::texts(compiler_.desired().services.at(target(frontend)).backends);
  }
  [[nodiscard]] bool open(const Frontend& frontend) const { return target(frontend) != "none"; }

  Options options_;
  model::Cluster cluster_;
  node::Facts facts_ = test::node_facts();
  Compiler compiler_{options_};
};

TEST_F(LivePolicy, R009_TypesChangeInEveryDirection) {
  const auto types = {ServiceType::cluster_ip, ServiceType::node_port, ServiceType::load_balancer,
                      ServiceType::external_name};
  for (const ServiceType from : types) {
    for (const ServiceType to : types) {
      put(web(from));
      put(web(to));
      SCOPED_TRACE(std::to_string(static_cast<int>(from)) + " to " + std::to_string(static_cast<int>(to)));
      EXPECT_EQ(open(kClusterIp), to != ServiceType::external_name);
      EXPECT_EQ(open(kNodePort), to == ServiceType::node_port || to == ServiceType::load_balancer);
      EXPECT_EQ(open(kVip), to == ServiceType::load_balancer);
      EXPECT_EQ(compiler_.desired().service_ips.empty(), to == ServiceType::external_name);
    }
  }
}

TEST_F(LivePolicy, R009_ServiceTurnsHeadlessAndBack) {
  change([](model::Service& now) { now.headless = true; });
  EXPECT_THAT(compiler_.desired().frontends, IsEmpty());
  change([](model::Service& now) { now.headless = false; });
  EXPECT_TRUE(open(kClusterIp));
}

TEST_F(LivePolicy, R002_LabelOfAnotherProxyTakesTheServiceAwayAndGivesItBack) {
  change([](model::Service& now) { now.foreign_proxy = true; });
  EXPECT_THAT(compiler_.desired().frontends, IsEmpty());
  EXPECT_THAT(compiler_.desired().services, IsEmpty());
  change([](model::Service& now) { now.foreign_proxy = false; });
  EXPECT_TRUE(open(kClusterIp));
}

TEST_F(LivePolicy, R008_PortsChangeTheirNameNumberAndProtocol) {
  change([](model::Service& now) { now.ports[0].name = "web"; });
  EXPECT_EQ(target(kVip), "default/web:web/TCP@v4");
  EXPECT_THAT(backends(kVip), IsEmpty()) << "the slice's port has another name";
  EXPECT_FALSE(compiler_.desired().services.contains("default/web:http/TCP@v4"));
  change([](model::Service& now) { now.ports[0] = {"http", Protocol::tcp, 81, 0, std::uint16_t{8080}}; });
  EXPECT_FALSE(open(kVip));
  EXPECT_THAT(backends(at("203.0.113.2", 81)), ElementsAre("10.1.0.1#8080 local", "10.1.0.2#8080"));
  change([](model::Service& now) { now.ports.push_back({"http", Protocol::udp, 81, 0, std::uint16_t{8080}}); });
  EXPECT_TRUE(open(at("203.0.113.2", 81, Protocol::udp)));
  change([](model::Service& now) { now.ports.erase(now.ports.begin()); });
  EXPECT_FALSE(open(at("203.0.113.2", 81)));
  EXPECT_TRUE(open(at("203.0.113.2", 81, Protocol::udp)));
}

TEST_F(LivePolicy, R026_OneNumberIsIndependentInEachProtocol) {
  change([](model::Service& now) {
    now.ports.push_back({"stream", Protocol::sctp, 80, 30000, std::uint16_t{8081}});
    now.ports.push_back({"datagram", Protocol::udp, 80, 30000, std::uint16_t{8082}});
  });
  EXPECT_EQ(target(kNodePort), "default/web:http/TCP@v4");
  EXPECT_EQ(target(at("192.0.2.1", 30000, Protocol::sctp)), "default/web:stream/SCTP@v4");
  EXPECT_EQ(target(at("192.0.2.1", 30000, Protocol::udp)), "default/web:datagram/UDP@v4");
}

TEST_F(LivePolicy, R027_NodePortComesMovesAndGoes) {
  const auto moves_to = [&](std::uint16_t number) {
    return change([&](model::Service& now) { now.ports[0].node_port = number; });
  };
  moves_to(0);
  EXPECT_FALSE(open(kNodePort));
  moves_to(30000);
  EXPECT_TRUE(open(kNodePort));
  const Delta delta = moves_to(30001);
  EXPECT_FALSE(open(kNodePort));
  EXPECT_TRUE(open(at("192.0.2.1", 30001)));
  EXPECT_THAT(delta.services, IsEmpty()) << "the set and its cursor stay";
  moves_to(0);
  EXPECT_FALSE(open(at("192.0.2.1", 30001)));
}

TEST_F(LivePolicy, R028_VipGoesWhenItsIngressTurnsToProxyMode) {
  change([](model::Service& now) { now.ingress_ips.clear(); });
  EXPECT_FALSE(open(kVip));
  change([](model::Service& now) { now.ingress_ips = {addr("203.0.113.2")}; });
  EXPECT_TRUE(open(kVip));
}

TEST_F(LivePolicy, R059_SwitchOfAPolicyAimsFrontendsAnewAndBack) {
  change([](model::Service& now) { now.external_policy = TrafficPolicy::local; });
  EXPECT_THAT(backends(kVip), ElementsAre("10.1.0.1#8080 local"));
  EXPECT_THAT(backends(kClusterIp), ElementsAre("10.1.0.1#8080 local", "10.1.0.2#8080"));
  change([](model::Service& now) {
    now.external_policy = TrafficPolicy::cluster;
    now.internal_policy = TrafficPolicy::local;
  });
  EXPECT_THAT(backends(kVip), ElementsAre("10.1.0.1#8080 local", "10.1.0.2#8080"));
  EXPECT_THAT(backends(kClusterIp), ElementsAre("10.1.0.1#8080 local"));
  change([](model::Service& now) { now.internal_policy = TrafficPolicy::cluster; });
  EXPECT_FALSE(compiler_.desired().services.contains("default/web:http/TCP@v4-local"));
}

TEST_F(LivePolicy, R043_AnotherZoneOfTheNodeEvaluatesEveryServiceAnew) {
  model::Endpoint here = test::endpoint("10.1.0.1");
  model::Endpoint there = test::endpoint("10.1.0.2");
  here.zone_hints = {"z1"};
  there.zone_hints = {"z2"};
  test::put(cluster_, test::slice("web", {here, there}));
  update({Kind::endpoint_slice, {"default", "web-slice"}});
  EXPECT_THAT(backends(kVip), ElementsAre("10.1.0.1#8080"));
  const model::ObjectId node{Kind::node, {"", "n1"}};
  cluster_.nodes.at(node.key).zone = "z2";
  update(node);
  EXPECT_THAT(backends(kVip), ElementsAre("10.1.0.2#8080"));
}

TEST_F(LivePolicy, R071_RangesChangeByThemselvesAndMayBeHundreds) {
  const auto allow = [&](int count) {
    return change([&](model::Service& now) {
      now.source_ranges.clear();
      for (int i = 0; i < count; ++i) {
        now.source_ranges.push_back(
            *Prefix::parse("198.18." + std::to_string(i % 256) + "." + std::to_string(i / 256 * 16) + "/28"));
      }
    });
  };
  EXPECT_EQ(allow(1).frontends.size(), 3U) << "the VIP, for each class of clients";
  const Delta delta = allow(600);
  EXPECT_THAT(delta.source_ranges, ElementsAre("default/web:http/TCP@v4"));
  EXPECT_THAT(delta.services, IsEmpty());
  EXPECT_THAT(delta.frontends, IsEmpty());
  EXPECT_EQ(compiler_.desired().source_ranges.at("default/web:http/TCP@v4").size(), 600U);
  allow(0);
  EXPECT_THAT(compiler_.desired().source_ranges, IsEmpty());
}

TEST_F(LivePolicy, R075_AffinityIsSwitchedAndItsTimeoutChangesLive) {
  const auto affinity = [&](std::optional<std::uint32_t> seconds) {
    const Delta delta = change([&](model::Service& now) { now.affinity_timeout_s = seconds; });
    EXPECT_THAT(delta.services, ElementsAre("default/web:http/TCP@v4"));
    EXPECT_THAT(delta.frontends, IsEmpty());
    return compiler_.desired().services.at("default/web:http/TCP@v4");
  };
  EXPECT_EQ(affinity(10800).flags, SP_SERVICE_AFFINITY);
  EXPECT_EQ(affinity(60).affinity_timeout_s, 60U);
  EXPECT_EQ(affinity({}).flags, 0U);
}

TEST_F(LivePolicy, R077_AddressesOfTheNodeAreFollowed) {
  options_.node_port_addresses = {*Prefix::parse("198.51.100.0/24")};
  Compiler compiler(options_);
  static_cast<void>(compiler.reset(cluster_, facts_));
  const Frontend added = at("198.51.100.7", 30000);
  EXPECT_FALSE(compiler.desired().frontends.contains(added));
  facts_.addresses.push_back({addr("198.51.100.7"), 2, 24, false});
  static_cast<void>(compiler.update(cluster_, facts_, {}));
  EXPECT_TRUE(compiler.desired().frontends.contains(added));
  facts_.addresses.pop_back();
  static_cast<void>(compiler.update(cluster_, facts_, {}));
  EXPECT_FALSE(compiler.desired().frontends.contains(added));
}

TEST_F(LivePolicy, R078_PrimaryAddressFollowsTheNodeObjectAndTheDevices) {
  const model::ObjectId node{Kind::node, {"", "n1"}};
  cluster_.nodes.at(node.key).addresses = {addr("192.0.2.9")};
  update(node);
  EXPECT_FALSE(open(kNodePort));
  EXPECT_TRUE(open(at("192.0.2.9", 30000)));
  std::erase_if(facts_.addresses, [](const node::Address& address) { return address.ip == addr("192.0.2.9"); });
  update_facts();
  EXPECT_TRUE(open(kNodePort)) << "what the Node says is not here any more";
}

TEST_F(LivePolicy, R081_DeletedServiceClosesAndAnotherOneOfTheSameEndpointsStays) {
  model::Service other = test::service("other");
  other.ipv6 = false;
  other.ports[0].node_port = 30001;
  put(other);
  cluster_.services.erase({"default", "web"});
  update({Kind::service, {"default", "web"}});
  EXPECT_FALSE(open(kNodePort));
  EXPECT_FALSE(open(kVip));
  EXPECT_TRUE(open(at("192.0.2.1", 30001)));
}

}  // namespace
}  // namespace sp::compile
