// SPDX-License-Identifier: Apache-2.0
// Clients: the fixture of tests in which one client, of each kind, family and manner, tries doors of two nodes.
//
// Services are numbered: number, node port, load balancer's address and external IP go together. Service addresses lead
// to n1 from outside, so that it is known which node decides. Agents have an API server, at c2.
#pragma once

#include <future>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/harness/lab_api.h"
#include "tests/harness/lab_environment.h"
#include "tests/harness/truth_table.h"

namespace sp::test {

inline constexpr unsigned kEmpty = 10;    // a Service without endpoints
inline constexpr unsigned kHairpin = 11;  // the client Pod itself is its endpoint
inline constexpr std::uint16_t kHostPort = 8888;
inline constexpr std::uint16_t kServicePort = 80;

// What tells Pods from others, in words of an agent's command line.
inline const std::vector<std::string> kDetector = {"--cluster-cidr", "10.244.0.0/16,fd00:10:244::/48"};

[[nodiscard]] std::string cluster_ip(Family family, unsigned number);
// A second address of the client Pod.
[[nodiscard]] std::string second_ip(Family family);

// Servers, routes, objects and agents.
[[nodiscard]] Result<void> prepare_doors(const Lab& lab, Agents& agents, IdentityServers& servers);

enum class Manner : std::uint8_t { tcp, udp_connected, udp_unconnected };

struct Door {
  std::string name;
  Endpoint at;
  std::string node = "n1";  // that decides
};

class Clients : public LabTest, public ::testing::WithParamInterface<std::tuple<Family, Manner, Kind>> {
 public:
  static std::string name(const ::testing::TestParamInfo<ParamType>& info);

 protected:
  explicit Clients(bool detector = true) : detector_(detector) { std::tie(family_, manner_, kind_) = GetParam(); }
  void SetUp() override;
  void TearDown() override;

  [[nodiscard]] const Host& self() const { return lab().host(is_pod(kind_) ? "n1p1" : is_host(kind_) ? "n1" : "c1"); }
  [[nodiscard]] Question question(const Endpoint& target) const;
  [[nodiscard]] std::vector<Door> doors(unsigned number) const;

  void expect_truth(const Service& service);
  // Two rounds over the members, each of which answers twice and sees the right source; the peer is the door.
  void expect_answers(const Door& door, const std::set<std::string>& members) const;
  void expect_refused(const Door& door) const;
  // Checked at the end of the test, all at once: each costs its whole time.
  void expect_silent(const Door& door);

  Family family_ = Family::v4;
  Manner manner_ = Manner::tcp;
  Kind kind_ = Kind::pod;

 private:
  const bool detector_;
  std::vector<std::pair<std::string, std::future<Result<Reply>>>> silent_;
};

}  // namespace sp::test
