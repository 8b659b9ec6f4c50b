// SPDX-License-Identifier: Apache-2.0
// Sync: UDP flows follow a hostPort to the Pod that has it now, and only then. A flow moves when the generation
// of its backend's row is another one than the flow remembers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/sync_fixture.h"

namespace sp::sync {
namespace {

using compile::Desired;
using compile::Frontend;
using test::ip;

constexpr const char* kOld = "hostport:default/old:53/UDP@v4";
constexpr const char* kNew = "hostport:default/new:53/UDP@v4";
constexpr const char* kNodePort = "default/dns:dns/UDP@v4";

Frontend at(std::string_view address, Protocol protocol = Protocol::udp) {
  return {ip(address), 53, protocol, SP_SCOPE_EXTERNAL};
}

class SyncHostPort : public test::SyncTest {
 protected:
  // `name` of `kind` answers on 192.0.2.1 with backend 10.0.0.<number>.
  static Desired with(const char* name, sp_frontend_kind kind, const compile::ServiceRow& row) {
    Desired desired;
    desired.services[name] = row;
    desired.frontends[at("192.0.2.1")] = {name, SP_FRONTEND_NODE_ADDR, kind};
    return desired;
  }
  static Desired with_pod(const char* name, int number) { return with(name, SP_KIND_HOST_PORT, test::row({number})); }
  // The row that a flow to 10.0.0.<number> of `name` was given, and its generation at that time.
  void open_flow(const char* name, int number) {
    id_ = backend_id(name, number);
    ASSERT_NE(id_, 0U);
    generation_ = generation(id_);
  }
  [[nodiscard]] bool moved() { return generation(id_) != generation_; }

  std::uint32_t id_ = 0;
  std::uint32_t generation_ = 0;
};

TEST_F(SyncHostPort, R096_UdpFlowsMoveToThePodThatTookOverThePort) {
  apply(with_pod(kOld, 1));
  open_flow(kOld, 1);
  apply(with_pod(kNew, 2));
  EXPECT_TRUE(moved());
}

TEST_F(SyncHostPort, R096_UdpFlowsMoveEvenIfNobodyHadThePortForAWhile) {
  apply(with_pod(kOld, 1));
  open_flow(kOld, 1);
  apply(Desired{});
  EXPECT_TRUE(moved()) << "the old Pod's address may be another Pod's by now";
  rest();
  apply(with_pod(kNew, 2));
  EXPECT_TRUE(moved());
}

TEST_F(SyncHostPort, R094_R096_PodOfTheSameNameWithAnotherAddressTakesTheFlows) {
  apply(with_pod(kOld, 1));
  open_flow(kOld, 1);
  apply(with_pod(kOld, 2));
  EXPECT_TRUE(moved());
}

TEST_F(SyncHostPort, R096_FlowsMoveWhenOneAddressOfAWildcardGoesToAnotherPod) {
  Desired desired = with_pod(kOld, 1);
  desired.frontends[at("192.0.2.9")] = desired.frontends[at("192.0.2.1")];
  apply(desired);
  open_flow(kOld, 1);
  desired.services[kNew] = test::row({2});
  desired.frontends[at("192.0.2.9")].service = kNew;
  const Report report = apply(desired);
  EXPECT_TRUE(moved());
  EXPECT_EQ(report.backends_left, 1U) << "connected sockets have to be told";
  EXPECT_EQ(backend_id(kOld, 1), id_) << "the row stays: flows of the other address come back to it";
}

TEST_F(SyncHostPort, R096_FlowsMoveBetweenHostPortAndNodePort) {
  apply(with_pod(kOld, 1));
  open_flow(kOld, 1);
  Desired desired = with(kNodePort, SP_KIND_NODE_PORT, test::row({2}));
  desired.services[kOld] = test::row({1});
  desired.frontends[at("192.0.2.9")] = {kOld, SP_FRONTEND_NODE_ADDR, SP_KIND_HOST_PORT};
  apply(desired);
  EXPECT_TRUE(moved()) << "the nodePort has backends now";
}

TEST_F(SyncHostPort, R085_R096_BackendsWithoutSuccessorKeepTheirFlowsUntilAHostPortTakesOver) {
  apply(with(kNodePort, SP_KIND_NODE_PORT, test::row({1})));
  open_flow(kNodePort, 1);
  Desired desired = with(kNodePort, SP_KIND_NODE_PORT, test::row({}));
  desired.frontends[at("10.96.0.10")] = {kNodePort, 0, SP_KIND_CLUSTER_IP};
  apply(desired);
  EXPECT_FALSE(moved());
  desired.services[kNew] = test::row({2});
  desired.frontends[at("192.0.2.1")] = {kNew, SP_FRONTEND_NODE_ADDR, SP_KIND_HOST_PORT};
  apply(desired);
  EXPECT_TRUE(moved());
}

TEST_F(SyncHostPort, R084_ServingBackendsOfANodePortKeepTheirFlowsWhenAHostPortTakesOver) {
  Desired desired = with(kNodePort, SP_KIND_NODE_PORT, test::row({1}));
  desired.frontends[at("10.96.0.10")] = {kNodePort, 0, SP_KIND_CLUSTER_IP};
  apply(desired);
  open_flow(kNodePort, 1);
  desired.services[kNodePort] = test::row({}, {1});
  desired.services[kNew] = test::row({2});
  desired.frontends[at("192.0.2.1")] = {kNew, SP_FRONTEND_NODE_ADDR, SP_KIND_HOST_PORT};
  apply(desired);
  EXPECT_FALSE(moved());
}

TEST_F(SyncHostPort, R084_FlowsOfServicesStayWhenAFrontendGoesToAnotherPolicy) {
  Desired desired = with(kNodePort, SP_KIND_NODE_PORT, test::row({1, 2}));
  apply(desired);
  open_flow(kNodePort, 1);
  const std::string local = std::string(kNodePort) + "-local";
  desired.services[local] = test::row({2}, {1});
  desired.frontends[at("10.96.0.10")] = {kNodePort, 0, SP_KIND_CLUSTER_IP};
  desired.frontends[at("192.0.2.1")].service = local;
  apply(desired);
  EXPECT_FALSE(moved());
}

TEST_F(SyncHostPort, R034_TcpFrontendsMoveNothing) {
  Desired desired;
  desired.services[kOld] = test::row({1});
  desired.frontends[at("192.0.2.1", Protocol::tcp)] = {kOld, SP_FRONTEND_NODE_ADDR, SP_KIND_HOST_PORT};
  desired.frontends[at("192.0.2.9", Protocol::tcp)] = {kOld, SP_FRONTEND_NODE_ADDR, SP_KIND_HOST_PORT};
  apply(desired);
  open_flow(kOld, 1);
  desired.services[kNew] = test::row({2});
  desired.frontends[at("192.0.2.9", Protocol::tcp)].service = kNew;
  apply(desired);
  EXPECT_FALSE(moved());
}

}  // namespace
}  // namespace sp::sync
