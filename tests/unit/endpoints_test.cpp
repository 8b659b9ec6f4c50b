// SPDX-License-Identifier: Apache-2.0
// Endpoints of a service port: from slices and from Pods.
#include "loader/compile/endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/endpoint_index.h"

namespace sp::compile {
namespace {

using test::cluster_of;
using test::endpoint;
using test::pod;
using test::service;
using test::slice;
using test::terminating;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Endpoints : public testing::Test {
 protected:
  std::vector<Candidate> collect(const model::Cluster& cluster, Family family = Family::v4) {
    const node::Facts facts = test::node_facts();
    const NodeView node(cluster, facts, {});
    EndpointIndex index = test::index_of(cluster);
    return index.collect(cluster, node, cluster.services.begin()->second, 0, family, problems_);
  }
  std::vector<std::string> found(const model::Cluster& cluster, Family family = Family::v4) {
    std::vector<std::string> out;
    for (const Candidate& candidate : collect(cluster, family)) {
      out.push_back(test::backend_text(candidate.backend));
    }
    return out;
  }

  std::vector<Problem> problems_;
};

model::Service selecting(model::TargetPort target) {
  model::Service out = service("web");
  out.selector = {{"app", "web"}};
  out.ports[0].target_port = std::move(target);
  return out;
}

model::Pod web_pod(const std::string& name, const std::string& ip) {
  model::Pod out = pod(name, {ip}, {{"http", Protocol::tcp, 9000, 0, {}}});
  out.meta.labels = {{"app", "web"}, {"tier", "front"}};
  return out;
}

TEST_F(Endpoints, R014_AllSlicesOfAServiceAreMerged) {
  model::EndpointSlice second = slice("web", {endpoint("10.0.0.2")});
  second.meta.name = "by-hand";
  const auto cluster =
      cluster_of(service("web"), slice("web", {endpoint("10.0.0.1")}), second, slice("other", {endpoint("10.0.0.3")}));
  EXPECT_THAT(found(cluster), ElementsAre("10.0.0.1#8080", "10.0.0.2#8080"));
}

TEST_F(Endpoints, R015_PortsMatchByNameAndProtocolWithinTheirOwnSlice) {
  model::EndpointSlice mixed = slice("web", {endpoint("10.0.0.1")});
  mixed.ports = {{"https", Protocol::tcp, 1},
                 {"http", Protocol::udp, 2},
                 {"http", Protocol::tcp, 0},
                 {"http", Protocol::tcp, 8081}};
  EXPECT_THAT(found(cluster_of(service("web"), mixed)), ElementsAre("10.0.0.1#8081"));
}

TEST_F(Endpoints, R016_SlicesOfTheOtherFamilyAreLeftOut) {
  model::EndpointSlice six = slice("web", {endpoint("2001:db8::7")});
  six.meta.name = "six";
  const auto cluster = cluster_of(service("web"), slice("web", {endpoint("10.0.0.1")}), six);
  EXPECT_THAT(found(cluster, Family::v4), ElementsAre("10.0.0.1#8080"));
  EXPECT_THAT(found(cluster, Family::v6), ElementsAre("2001:db8::7#8080"));
}

TEST_F(Endpoints, R018_RunningPodBeatsTheTerminatingOneWithTheSameAddress) {
  for (const bool terminating_first : {true, false}) {
    const auto running = endpoint("10.0.0.1");
    const auto ending = terminating(endpoint("10.0.0.1"));
    const auto order = terminating_first ? std::vector{ending, running} : std::vector{running, ending};
    const auto candidates = collect(cluster_of(service("web"), slice("web", order)));
    ASSERT_EQ(candidates.size(), 1U);
    EXPECT_TRUE(candidates[0].ready);
  }
}

TEST_F(Endpoints, R019_EndpointIsOfThisNodeOnlyByItsNodeName) {
  const auto candidates = collect(
      cluster_of(service("web"),
                 slice("web", {endpoint("10.0.0.1", "n1"), endpoint("10.0.0.2", ""), endpoint("10.0.0.3", "n2")})));
  ASSERT_EQ(candidates.size(), 3U);
  EXPECT_TRUE(candidates[0].on_this_node);
  EXPECT_FALSE(candidates[1].on_this_node);
  EXPECT_FALSE(candidates[2].on_this_node);
}

TEST_F(Endpoints, R046_BackendWithAnAddressOfThisNodeIsLocalWhateverItsNodeName) {
  EXPECT_THAT(found(cluster_of(service("web"), slice("web", {endpoint("192.0.2.1", ""), endpoint("192.0.2.2", "")}))),
              ElementsAre("192.0.2.1#8080 local", "192.0.2.2#8080"));
}

TEST_F(Endpoints, PodsOfAnyNodeThatTheSelectorMatchesAreEndpointsWhenThereIsNoSlice) {
  model::Pod elsewhere = web_pod("b", "10.0.0.2");
  elsewhere.node_name = "n2";
  model::Pod other = web_pod("c", "10.0.0.3");
  other.meta.labels = {{"app", "db"}, {"tier", "front"}};
  model::Pod foreign = web_pod("d", "10.0.0.4");
  foreign.meta.ns = "kube-system";
  model::Service both_labels = selecting(std::uint16_t{8080});
  both_labels.selector["tier"] = "front";
  EXPECT_THAT(found(cluster_of(both_labels, web_pod("a", "10.0.0.1"), elsewhere, other, foreign)),
              ElementsAre("10.0.0.1#8080 local", "10.0.0.2#8080"));
}

TEST_F(Endpoints, OneSliceIsEnoughToIgnoreThePods) {
  EXPECT_THAT(found(cluster_of(selecting(std::uint16_t{8080}), web_pod("a", "10.0.0.1"), slice("web", {}))), IsEmpty());
}

TEST_F(Endpoints, ServiceWithoutSelectorHasNoPods) {
  EXPECT_THAT(found(cluster_of(service("web"), web_pod("a", "10.0.0.1"))), IsEmpty());
}

TEST_F(Endpoints, R045_NamedTargetPortMayDifferFromPodToPod) {
  model::Pod second = web_pod("b", "10.0.0.2");
  second.ports[0].container_port = 9001;
  EXPECT_THAT(found(cluster_of(selecting("http"), web_pod("a", "10.0.0.1"), second)),
              ElementsAre("10.0.0.1#9000 local", "10.0.0.2#9001 local"));
}

TEST_F(Endpoints, PodsWithoutTheNamedTargetPortAreLeftOutAndNamed) {
  model::Pod second = web_pod("b", "10.0.0.2");
  second.ports[0].protocol = Protocol::udp;
  EXPECT_THAT(found(cluster_of(selecting("http"), web_pod("a", "10.0.0.1"), second)),
              ElementsAre("10.0.0.1#9000 local"));
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_EQ(problems_[0].object, "Service default/web");
  EXPECT_THAT(problems_[0].text, HasSubstr("Pod default/b has no TCP container port named \"http\""));
}

TEST_F(Endpoints, R066_EndedPodsAndPodsWithoutAnAddressAreNoEndpoints) {
  model::Pod failed = web_pod("a", "10.0.0.1");
  failed.phase = model::PodPhase::failed;
  model::Pod succeeded = web_pod("b", "10.0.0.2");
  succeeded.phase = model::PodPhase::succeeded;
  model::Pod waiting = web_pod("c", "10.0.0.3");
  waiting.ips.clear();
  EXPECT_THAT(found(cluster_of(selecting(std::uint16_t{80}), failed, succeeded, waiting)), IsEmpty());
}

TEST_F(Endpoints, R038_PublishedPodsAreReadyEvenWhileTheyTerminate) {
  model::Service published = selecting(std::uint16_t{80});
  model::Pod ending = web_pod("a", "10.0.0.1");
  ending.terminating = true;
  auto candidates = collect(cluster_of(published, ending));
  ASSERT_EQ(candidates.size(), 1U);
  EXPECT_FALSE(candidates[0].ready);
  EXPECT_TRUE(candidates[0].is_fallback());
  published.publish_not_ready = true;
  ending.ready = false;
  candidates = collect(cluster_of(published, ending));
  ASSERT_EQ(candidates.size(), 1U);
  EXPECT_TRUE(candidates[0].ready);
  EXPECT_FALSE(candidates[0].serving);
}

}  // namespace
}  // namespace sp::compile
