// SPDX-License-Identifier: Apache-2.0
// NodeView: where NodePorts answer.
#include "loader/compile/node_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/cluster_builder.h"

namespace sp::compile {
namespace {

using test::addr;
using testing::ElementsAre;
using testing::IsEmpty;

Options ranges(std::vector<std::string_view> texts) {
  Options out;
  for (const auto text : texts) {
    out.node_port_addresses.push_back(*Prefix::parse(text));
  }
  return out;
}

TEST(NodeView, R078_PrimaryIsTheNodeObjectsAddressIfTheNodeHasIt) {
  model::Cluster cluster;
  test::put_own_node(cluster, {addr("198.51.100.1"), addr("192.0.2.9"), addr("192.0.2.1")});
  const auto facts = test::node_facts();
  const NodeView node(cluster, facts, {});
  EXPECT_THAT(node.node_port_addresses(Family::v4), ElementsAre(addr("192.0.2.9")));
}

TEST(NodeView, R078_WithoutANodeObjectPrimaryIsTheFirstAddressThatIsTheNodesOwn) {
  auto facts = test::node_facts();
  // A VIP on lo and a secondary address come first and are passed over.
  facts.addresses.insert(facts.addresses.begin(),
                         {{addr("203.0.113.5"), 1, 32, false}, {addr("192.0.2.7"), 2, 24, true}});
  const model::Cluster cluster;
  const NodeView node(cluster, facts, {});
  EXPECT_EQ(node.primary(Family::v4), addr("192.0.2.1"));
  EXPECT_EQ(node.primary(Family::v6), addr("2001:db8::1"));
}

TEST(NodeView, R078_TheConfiguredAddressIsPrimaryAsLongAsTheNodeHasIt) {
  model::Cluster cluster;
  test::put_own_node(cluster, {addr("192.0.2.1")});
  const auto facts = test::node_facts();
  Options options;
  options.node_address = addr("192.0.2.9");
  const NodeView node(cluster, facts, options);
  EXPECT_EQ(node.primary(Family::v4), addr("192.0.2.9"));
  EXPECT_EQ(node.primary(Family::v6), addr("2001:db8::1")) << "of the other family nothing is said";
  options.node_address = addr("198.51.100.1");
  EXPECT_EQ(NodeView(cluster, facts, options).primary(Family::v4), addr("192.0.2.1"));
}

TEST(NodeView, R076_WholeFamiliesMeanEveryAddressButLoopback) {
  const model::Cluster cluster;
  const auto facts = test::node_facts();
  const NodeView node(cluster, facts, ranges({"0.0.0.0/0", "::/0"}));
  EXPECT_THAT(node.node_port_addresses(Family::v4), ElementsAre(addr("192.0.2.1"), addr("192.0.2.9")));
  EXPECT_THAT(node.node_port_addresses(Family::v6), ElementsAre(addr("2001:db8::1")));
}

TEST(NodeView, R077_OnlyAddressesInsideTheRangesAndAFamilyWithoutARangeIsClosed) {
  const model::Cluster cluster;
  const auto facts = test::node_facts();
  const NodeView node(cluster, facts, ranges({"192.0.2.8/29"}));
  EXPECT_THAT(node.node_port_addresses(Family::v4), ElementsAre(addr("192.0.2.9")));
  EXPECT_THAT(node.node_port_addresses(Family::v6), IsEmpty());
}

TEST(NodeView, R080_LoopbackIsNeverAnsweredForTheOutside) {
  const model::Cluster cluster;
  const auto facts = test::node_facts();
  const NodeView node(cluster, facts, ranges({"127.0.0.0/8", "::1/128"}));
  EXPECT_THAT(node.node_port_addresses(Family::v4), IsEmpty());
  EXPECT_THAT(node.node_port_addresses(Family::v6), IsEmpty());
  EXPECT_TRUE(node.has_address(addr("127.0.0.1")));
}

TEST(NodeView, NodeWithoutAddressesAnswersNowhere) {
  const model::Cluster cluster;
  node::Facts facts;
  facts.node_name = "n1";
  const NodeView node(cluster, facts, {});
  EXPECT_THAT(node.node_port_addresses(Family::v4), IsEmpty());
  EXPECT_FALSE(node.primary(Family::v4));
}

}  // namespace
}  // namespace sp::compile
