// SPDX-License-Identifier: Apache-2.0
// Services that change while every kind of client uses them: what new flows meet, and what must not be disturbed.
// Each test has a Service of its own, and long-lived connections that survive it.
#include <array>
#include <cerrno>
#include <functional>

#include "tests/harness/lab_environment.h"
#include "tests/harness/manifests.h"
#include "tests/harness/steady_load.h"

namespace sp::test {

LabShape lab_shape() {
  return {.nodes = 2, .clients = 1, .pods = 4};
}

Result<void> prepare(const Lab& lab, Agents& agents, IdentityServers& servers) {
  SP_TRY(servers.listen(lab, {"n1p1", "n1p2", "n2p1", "n2p2"}, 8080));
  for (const char* range : {"10.96.0.0/16", "fd00:96::/112"}) {
    const Family family = range[0] == 'f' ? Family::v6 : Family::v4;
    SP_TRY(lab.run("r", {"ip", "route", "add", range, "via", lab.host("n1").ip(family)}));
  }
  return agents.start_all();
}

namespace {

using Names = std::set<std::string>;
constexpr std::array<const char*, 4> kClients = {"Pod", "sandboxed Pod", "host", "outside"};

// A Pod with the node's hooks, n1p3, one without, n1p4, the node n1 and c1.
Place place_of(const std::string& client) {
  const Lab& lab = LabTest::lab();
  return client == "Pod"             ? lab.host("n1p3").place()
         : client == "sandboxed Pod" ? Place(lab.host("n1p4").netns)
         : client == "host"          ? lab.host("n1").place()
                                     : Place(lab.host("c1").netns);
}

class Policies : public FamilyTest {
 protected:
  void SetUp() override { family_ = GetParam(); }

  ServiceSpec service(unsigned number, const Names& pods) {
    // A Service for each family, so that one's tests begin where the other's do.
    number += family_ == Family::v6 ? 20 : 0;
    ServiceSpec spec{.name = "s" + std::to_string(number),
                     .number = number,
                     .node_port = static_cast<std::uint16_t>(30080 + number)};
    for (const std::string& pod : pods) {
      spec.backends.push_back(backend(lab(), pod));
    }
    return spec;
  }

  static void apply(const ServiceSpec& spec) { ASSERT_TRUE(ok(agents().apply(spec.name + ".yaml", manifest(spec)))); }

  [[nodiscard]] Endpoint cluster_ip(const ServiceSpec& spec) const {
    return {(family_ == Family::v4 ? "10.96.0." : "fd00:96::") + std::to_string(spec.number), spec.port};
  }
  [[nodiscard]] Endpoint node_port(const ServiceSpec& spec, const std::string& node = "n1") const {
    return lab().host(node).at(family_, spec.node_port);
  }
  // Long-lived connections: of Pods and the node to the ClusterIP, from outside to NodePorts.
  void hold(const ServiceSpec& spec) {
    for (const char* client : kClients) {
      const bool outside = std::string(client) == "outside";
      auto load = SteadyLoad::start(
          {.from = place_of(client),
           .targets = outside ? std::vector{node_port(spec), node_port(spec, "n2")} : std::vector{cluster_ip(spec)},
           .long_lived = 4,
           .beat = Millis(20),
           .new_interval = Millis(0)});
      ASSERT_TRUE(ok(load)) << client;
      loads_.push_back(std::move(*load));
    }
  }

  void TearDown() override {
    for (const auto& load : loads_) {
      EXPECT_TRUE(ok(load->await_progress(0, 3, Millis(10000))));
      const SteadyLoad::Report report = load->stop();
      EXPECT_EQ(report.failed + report.reset, 0u) << report.text();
    }
  }

  // Who answers eight new flows; what went wrong is one of the names.
  static Names answering(const std::string& client, Transport transport, const Endpoint& at) {
    Names names;
    for (int i = 0; i < 8; ++i) {
      const auto reply = ask(place_of(client), transport, at, Millis(1500));
      names.insert(reply ? reply->identity : reply.error().text());
      if (!reply) {
        break;
      }
    }
    return names;
  }
  // The same of every client, or of those named, at ClusterIP and NodePort of n1, TCP and UDP.
  void expect_answers(const ServiceSpec& spec, const Names& names) const {
    each_door(spec, [&](const std::string& client, Transport transport, const Endpoint& at) {
      EXPECT_EQ(answering(client, transport, at), names) << client << " " << to_string(transport) << " " << at.text();
    });
  }
  void expect_refused(const ServiceSpec& spec) const {
    each_door(spec, [&](const std::string& client, Transport transport, const Endpoint& at) {
      const auto reply = ask(place_of(client), transport, at, Millis(1500));
      ASSERT_FALSE(reply) << client << " " << at.text() << " answered as " << reply->identity;
      EXPECT_EQ(reply.error().err, ECONNREFUSED) << client << " " << reply.error().text();
    });
  }
  void each_door(const ServiceSpec& spec,
                 const std::function<void(const std::string&, Transport, const Endpoint&)>& call) const {
    for (const std::string client : kClients) {
      for (const Transport transport : {Transport::tcp, Transport::udp}) {
        call(client, transport, cluster_ip(spec));
        call(client, transport, node_port(spec));
      }
    }
  }

  Family family_ = Family::v4;
  std::vector<std::unique_ptr<SteadyLoad>> loads_;
};

TEST_P(Policies, AScaleDownToZeroRefusesNewFlowsAndLeavesTheOthers) {
  ServiceSpec spec = service(1, {"n1p1", "n2p1"});
  apply(spec);
  hold(spec);
  for (BackendSpec& each : spec.backends) {
    each.terminating = true;
  }
  apply(spec);
  expect_answers(spec, {"n1p1", "n2p1"});
  apply(service(1, {}));
  expect_refused(spec);
  apply(service(1, {"n2p2"}));
  expect_answers(spec, {"n2p2"});
}

TEST_P(Policies, TerminatingEndpointsServeOnlyWhileNoOtherIsReady) {
  ServiceSpec spec = service(2, {"n1p1", "n2p1"});
  spec.backends[0].terminating = true;
  apply(spec);
  expect_answers(spec, {"n2p1"});
  // On this node there is no other.
  spec.external_local = true;
  apply(spec);
  for (const Transport transport : {Transport::tcp, Transport::udp}) {
    EXPECT_EQ(answering("outside", transport, node_port(spec)), Names{"n1p1"});
    EXPECT_EQ(answering("outside", transport, node_port(spec, "n2")), Names{"n2p1"});
    EXPECT_EQ(answering("host", transport, node_port(spec)), Names{"n2p1"});
  }
}

TEST_P(Policies, AnAffinitySwitchIsInForceForTheNextFlow) {
  const Names all = {"n1p1", "n1p2", "n2p1", "n2p2"};
  ServiceSpec spec = service(3, all);
  apply(spec);
  hold(spec);
  expect_answers(spec, all);
  spec.affinity = true;
  apply(spec);
  each_door(spec, [](const std::string& client, Transport transport, const Endpoint& at) {
    const Names chosen = answering(client, transport, at);
    EXPECT_EQ(chosen.size(), 1u) << client;
    EXPECT_EQ(chosen.begin()->find("n"), 0u) << *chosen.begin();
    EXPECT_EQ(answering(client, transport, at), chosen) << client << " " << to_string(transport) << " " << at.text();
  });
  spec.affinity = false;
  apply(spec);
  expect_answers(spec, all);
}

TEST_P(Policies, AnExternalPolicySwitchIsForClientsOutside) {
  const Names both = {"n1p1", "n2p1"};
  ServiceSpec spec = service(4, both);
  apply(spec);
  hold(spec);
  expect_answers(spec, both);
  spec.external_local = true;
  apply(spec);
  for (const Transport transport : {Transport::tcp, Transport::udp}) {
    EXPECT_EQ(answering("outside", transport, node_port(spec)), Names{"n1p1"});
    EXPECT_EQ(answering("outside", transport, node_port(spec, "n2")), Names{"n2p1"});
    EXPECT_EQ(answering("outside", transport, cluster_ip(spec)), both);
    EXPECT_EQ(answering("Pod", transport, cluster_ip(spec)), both);
    EXPECT_EQ(answering("host", transport, node_port(spec)), both);
  }
  spec.external_local = false;
  apply(spec);
  expect_answers(spec, both);
}

TEST_P(Policies, AnInternalPolicySwitchIsForTheClusterIp) {
  const Names both = {"n1p1", "n2p1"};
  ServiceSpec spec = service(5, both);
  apply(spec);
  hold(spec);
  spec.internal_local = true;
  apply(spec);
  for (const std::string client : kClients) {
    for (const Transport transport : {Transport::tcp, Transport::udp}) {
      EXPECT_EQ(answering(client, transport, cluster_ip(spec)), Names{"n1p1"}) << client;
      EXPECT_EQ(answering(client, transport, node_port(spec)), both) << client;
    }
  }
  spec.internal_local = false;
  apply(spec);
  expect_answers(spec, both);
}

TEST_P(Policies, ANodePortThatMovesLeavesNothingBehind) {
  ServiceSpec spec = service(6, {"n1p1", "n2p1"});
  apply(spec);
  hold(spec);
  const Endpoint old = node_port(spec);
  spec.node_port = static_cast<std::uint16_t>(spec.node_port + 50);
  apply(spec);
  expect_answers(spec, {"n1p1", "n2p1"});
  for (const std::string client : kClients) {
    for (const Transport transport : {Transport::tcp, Transport::udp}) {
      const auto reply = ask(place_of(client), transport, old);
      ASSERT_FALSE(reply) << client << " " << reply->identity;
      EXPECT_EQ(reply.error().err, ECONNREFUSED) << client << " " << reply.error().text();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Lab, Policies, every_family(), family_name);

}  // namespace
}  // namespace sp::test
