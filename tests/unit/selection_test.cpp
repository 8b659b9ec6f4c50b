// SPDX-License-Identifier: Apache-2.0
// Selection: which of the candidates new flows go to.
#include "loader/compile/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/endpoint_index.h"

namespace sp::compile {
namespace {

using model::TrafficPolicy;
using test::endpoint;
using test::terminating;
using testing::ElementsAre;
using testing::IsEmpty;

class Selection : public testing::Test {
 protected:
  // Backends of one policy, without their ports.
  std::vector<std::string> chosen(std::vector<model::Endpoint> endpoints, TrafficPolicy policy) {
    run(std::move(endpoints), policy);
    std::vector<std::string> out;
    for (const Backend& backend : row_.backends) {
      out.push_back(backend.ip.text());
    }
    return out;
  }
  std::vector<std::string> cluster(std::vector<model::Endpoint> e) {
    return chosen(std::move(e), TrafficPolicy::cluster);
  }
  std::vector<std::string> local(std::vector<model::Endpoint> e) { return chosen(std::move(e), TrafficPolicy::local); }

  void run(std::vector<model::Endpoint> endpoints, TrafficPolicy policy) {
    const auto cluster = [&] {
      auto out = test::cluster_of(test::service("web"), test::slice("web", std::move(endpoints)));
      test::put_own_node(out, {}, zone_);
      return out;
    }();
    const node::Facts facts = test::node_facts();
    const NodeView node(cluster, facts, {});
    std::vector<Problem> problems;
    EndpointIndex index = test::index_of(cluster);
    const auto candidates = index.collect(cluster, node, cluster.services.begin()->second, 0, Family::v4, problems);
    row_ = select(candidates, policy, node);
  }

  std::string zone_ = "z1";
  ServiceRow row_;
};

model::Endpoint unready(model::Endpoint out) {
  out.ready = false;
  out.serving = false;
  return out;
}

model::Endpoint hinted(model::Endpoint out, std::vector<std::string> nodes, std::vector<std::string> zones) {
  out.node_hints = std::move(nodes);
  out.zone_hints = std::move(zones);
  return out;
}

TEST_F(Selection, R035_ClusterSetIsEveryReadyEndpoint) {
  EXPECT_THAT(cluster({endpoint("10.0.0.1", "n1"), endpoint("10.0.0.2"), terminating(endpoint("10.0.0.3"))}),
              ElementsAre("10.0.0.1", "10.0.0.2"));
}

TEST_F(Selection, R035_ClusterSetFallsBackToServingTerminatingEndpointsOfAllNodes) {
  EXPECT_THAT(cluster({terminating(endpoint("10.0.0.1", "n1")), terminating(endpoint("10.0.0.2")),
                       unready(endpoint("10.0.0.3"))}),
              ElementsAre("10.0.0.1", "10.0.0.2"));
}

TEST_F(Selection, R036_LocalSetIsTheReadyEndpointsOfThisNode) {
  EXPECT_THAT(local({endpoint("10.0.0.1", "n1"), endpoint("10.0.0.2"), terminating(endpoint("10.0.0.3", "n1"))}),
              ElementsAre("10.0.0.1"));
}

TEST_F(Selection, R036_LocalSetFallsBackToTerminatingLocalWhileOthersAreReadyElsewhere) {
  EXPECT_THAT(local({terminating(endpoint("10.0.0.1", "n1")), endpoint("10.0.0.2")}), ElementsAre("10.0.0.1"));
  EXPECT_EQ(row_.flags, 0U);
}

TEST_F(Selection, R037_UnreadyEndpointsThatDoNotTerminateAreNeverUsed) {
  auto serving_only = endpoint("10.0.0.1", "n1");
  serving_only.ready = false;
  auto dead = terminating(endpoint("10.0.0.2", "n1"));
  dead.serving = false;
  EXPECT_THAT(cluster({serving_only, dead}), IsEmpty());
  EXPECT_THAT(local({serving_only, dead}), IsEmpty());
  EXPECT_EQ(row_.flags, 0U) << "nothing is usable anywhere: reset, not silence";
}

TEST_F(Selection, R038_ReadyAndTerminatingCountsAsReady) {
  auto published = endpoint("10.0.0.1");
  published.terminating = true;
  EXPECT_THAT(cluster({published, terminating(endpoint("10.0.0.2"))}), ElementsAre("10.0.0.1"));
}

TEST_F(Selection, R039_SameNodeIfEveryReadyEndpointHasNodeHintsAndOneNamesThisNode) {
  EXPECT_THAT(cluster({hinted(endpoint("10.0.0.1"), {"n1"}, {"z1"}), hinted(endpoint("10.0.0.2"), {"n2"}, {"z1"})}),
              ElementsAre("10.0.0.1"));
}

TEST_F(Selection, R040_SameZoneIfNoNodeHintNamesThisNode) {
  EXPECT_THAT(
      cluster({hinted(endpoint("10.0.0.1"), {"n3"}, {"z1", "z2"}), hinted(endpoint("10.0.0.2"), {"n2"}, {"z2"})}),
      ElementsAre("10.0.0.1"));
}

TEST_F(Selection, R040_SameZoneIfOneReadyEndpointLacksNodeHints) {
  EXPECT_THAT(cluster({hinted(endpoint("10.0.0.1"), {"n1"}, {"z1"}), hinted(endpoint("10.0.0.2"), {}, {"z1"})}),
              ElementsAre("10.0.0.1", "10.0.0.2"));
}

TEST_F(Selection, R040_NoZoneWithoutALabelOnTheNode) {
  zone_ = "";
  EXPECT_THAT(cluster({hinted(endpoint("10.0.0.1"), {}, {""}), hinted(endpoint("10.0.0.2"), {}, {"z2"})}),
              ElementsAre("10.0.0.1", "10.0.0.2"));
}

TEST_F(Selection, R041_OneReadyEndpointWithoutHintsSwitchesThemOff) {
  EXPECT_THAT(cluster({hinted(endpoint("10.0.0.1"), {"n1"}, {"z1"}), endpoint("10.0.0.2")}),
              ElementsAre("10.0.0.1", "10.0.0.2"));
}

TEST_F(Selection, R041_HintsOfUnreadyEndpointsDoNotCount) {
  EXPECT_THAT(cluster({hinted(endpoint("10.0.0.1"), {"n1"}, {}), unready(endpoint("10.0.0.2"))}),
              ElementsAre("10.0.0.1"));
  EXPECT_THAT(cluster({hinted(terminating(endpoint("10.0.0.1")), {"n1"}, {}), terminating(endpoint("10.0.0.2"))}),
              ElementsAre("10.0.0.1", "10.0.0.2"))
      << "the fallback ignores hints";
}

TEST_F(Selection, R042_LocalPolicyIgnoresHints) {
  EXPECT_THAT(local({hinted(endpoint("10.0.0.1", "n1"), {"n2"}, {"z2"}), hinted(endpoint("10.0.0.2"), {"n1"}, {"z1"})}),
              ElementsAre("10.0.0.1"));
}

TEST_F(Selection, R060_NoUsableEndpointAnywhereIsRejected) {
  EXPECT_THAT(local({unready(endpoint("10.0.0.1"))}), IsEmpty());
  EXPECT_EQ(row_.flags, 0U);
}

TEST_F(Selection, R062_LocalPolicyDropsInSilenceWhenOnlyOtherNodesHaveEndpoints) {
  EXPECT_THAT(local({endpoint("10.0.0.1")}), IsEmpty());
  EXPECT_EQ(row_.flags, SP_SERVICE_DROP_EMPTY);
  EXPECT_THAT(local({terminating(endpoint("10.0.0.1"))}), IsEmpty());
  EXPECT_EQ(row_.flags, SP_SERVICE_DROP_EMPTY);
}

TEST_F(Selection, R084_ServingSetHasTerminatingAndUnchosenEndpoints) {
  local({endpoint("10.0.0.1", "n1"), endpoint("10.0.0.2"), terminating(endpoint("10.0.0.3")),
         unready(endpoint("10.0.0.4"))});
  EXPECT_THAT(test::texts(row_.serving), ElementsAre("10.0.0.1#8080 local", "10.0.0.2#8080", "10.0.0.3#8080"));
}

}  // namespace
}  // namespace sp::compile
