// SPDX-License-Identifier: Apache-2.0
// LabTest: the fixture of lab tests. One lab and one set of agents for a whole test binary.
//
// Each test binary defines lab_shape() and prepare(); lab_main.cpp brings the lab up, prepares it once, runs the
// tests, and takes it down. A failed test prints the agents' logs and status.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "tests/harness/agents.h"
#include "tests/harness/identity_servers.h"
#include "tests/harness/lab.h"

namespace sp::test {

// Defined by each test binary: the lab that it needs, and what all its tests share (servers, manifests, agents).
[[nodiscard]] LabShape lab_shape();
[[nodiscard]] Result<void> prepare(const Lab& lab, Agents& agents, IdentityServers& servers);

class LabTest : public ::testing::Test {
 public:
  [[nodiscard]] static const Lab& lab();
  [[nodiscard]] static Agents& agents();
  [[nodiscard]] static IdentityServers& servers();
  [[nodiscard]] static std::string netns(const std::string& host) { return lab().host(host).netns; }
};

// Both families.
class FamilyTest : public LabTest, public ::testing::WithParamInterface<Family> {};

[[nodiscard]] inline auto every_family() {
  return ::testing::Values(Family::v4, Family::v6);
}

[[nodiscard]] inline std::string family_name(const ::testing::TestParamInfo<Family>& param) {
  return to_string(param.param);
}

// TCP and UDP, in both families.
class FamilyTransportTest : public LabTest, public ::testing::WithParamInterface<std::tuple<Family, Transport>> {};

[[nodiscard]] inline auto every_family_and_transport() {
  return ::testing::Combine(every_family(), ::testing::Values(Transport::tcp, Transport::udp));
}

[[nodiscard]] inline std::string family_and_transport_name(
    const ::testing::TestParamInfo<std::tuple<Family, Transport>>& param) {
  return std::string(to_string(std::get<0>(param.param))) + to_string(std::get<1>(param.param));
}

// For ASSERT_TRUE(ok(result)): the error's text as the failure message.
template <typename T>
[[nodiscard]] ::testing::AssertionResult ok(const Result<T>& result) {
  if (result) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << result.error().text();
}

}  // namespace sp::test
