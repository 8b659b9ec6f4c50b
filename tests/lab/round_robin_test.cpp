// SPDX-License-Identifier: Apache-2.0
// Round-robin is exact (I2): many clients at once through one node, over backends on three.
#include "tests/harness/lab_environment.h"
#include "tests/harness/manifests.h"

namespace sp::test {

namespace {

// Seven does not divide 10,000, so that a remainder has to be dealt out too.
const std::vector<std::string> kBackends = {"n1p1", "n1p2", "n1p3", "n2p1", "n2p2", "n3p1", "n3p2"};
constexpr std::uint16_t kNodePort = 30080;

}  // namespace

LabShape lab_shape() {
  return {.nodes = 3, .clients = 4, .pods = 3};
}

Result<void> prepare(const Lab& lab, Agents& agents, IdentityServers& servers) {
  SP_TRY(servers.listen(lab, kBackends, 8080));
  ServiceSpec web{.name = "web", .node_port = kNodePort};
  for (const std::string& name : kBackends) {
    web.backends.push_back(backend(lab, name));
  }
  SP_TRY(agents.put_all("web.yaml", manifest(web)));
  return agents.start_all();
}

namespace {

class RoundRobin : public FamilyTransportTest {
 protected:
  static void expect_even(Transport transport, const Endpoint& target, std::size_t per_client) {
    const Tally tally = ask_many({netns("c1"), netns("c2"), netns("c3"), netns("c4")}, transport, target, per_client);
    std::printf("%s %s:\n%s", to_string(transport), target.text().c_str(), tally.text().c_str());
    EXPECT_EQ(tally.failed(), 0u);
    EXPECT_EQ(tally.answered(), 4 * per_client);
    EXPECT_EQ(tally.per_identity.size(), kBackends.size());
    EXPECT_LE(tally.spread(kBackends), 1u);
  }
};

TEST_P(RoundRobin, SpreadsFourClientsWithinOneOfEachOther) {
  const auto [family, transport] = GetParam();
  expect_even(transport, lab().host("n1").at(family, kNodePort), 2500);
}

// An odd number of connections leaves the cursor in the middle of a round; the next batch goes on from there, so both
// together are even again.
TEST_P(RoundRobin, GoesOnWhereTheLastClientStopped) {
  const auto [family, transport] = GetParam();
  const Endpoint target = lab().host("n2").at(family, kNodePort);
  Tally tally = ask_many({netns("c1")}, transport, target, 10);
  tally.merge(ask_many({netns("c2")}, transport, target, 11));
  EXPECT_EQ(tally.failed(), 0u) << tally.text();
  EXPECT_EQ(tally.spread(kBackends), 0u) << tally.text();
}

INSTANTIATE_TEST_SUITE_P(Lab, RoundRobin, every_family_and_transport(), family_and_transport_name);

}  // namespace
}  // namespace sp::test
