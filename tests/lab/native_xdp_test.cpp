// SPDX-License-Identifier: Apache-2.0
// The agents' programs sit where the kernel runs them first: native XDP on every node's external device.
#include "tests/harness/lab_environment.h"

namespace sp::test {

LabShape lab_shape() {
  return {.nodes = 3, .clients = 1, .pods = 1};
}

Result<void> prepare(const Lab&, Agents& agents, IdentityServers&) {
  return agents.start_all();
}

namespace {

using NativeXdp = LabTest;

TEST_F(NativeXdp, IsOnTheExternalDeviceOfEveryNode) {
  for (const std::string& node : lab().nodes()) {
    const auto attached = lab().run(node, {"bpftool", "net", "show", "dev", "eth0"});
    ASSERT_TRUE(ok(attached));
    std::printf("%s\n%s", node.c_str(), attached->text.c_str());
    // bpftool calls native XDP "driver".
    EXPECT_NE(attached->text.find("driver id"), std::string::npos) << attached->text;
    EXPECT_EQ(attached->text.find("generic id"), std::string::npos) << attached->text;
  }
}

TEST_F(NativeXdp, IsOurProgramOnTheLink) {
  for (const std::string& node : lab().nodes()) {
    const auto link = lab().run(node, {"ip", "-details", "link", "show", "dev", "eth0"});
    ASSERT_TRUE(ok(link));
    EXPECT_NE(link->text.find("prog/xdp "), std::string::npos) << link->text;
    EXPECT_NE(link->text.find("name sp_xdp"), std::string::npos) << link->text;
  }
}

// Pods' devices are inside: their packets meet us on the external device only.
TEST_F(NativeXdp, IsOnNoOtherDevice) {
  for (const std::string& node : lab().nodes()) {
    const auto attached = lab().run(node, {"bpftool", "net", "show", "dev", "p1"});
    ASSERT_TRUE(ok(attached));
    EXPECT_EQ(attached->text.find("driver id"), std::string::npos) << attached->text;
    EXPECT_EQ(attached->text.find("generic id"), std::string::npos) << attached->text;
  }
}

}  // namespace
}  // namespace sp::test
