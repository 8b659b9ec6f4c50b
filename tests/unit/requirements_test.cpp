// SPDX-License-Identifier: Apache-2.0
#include "loader/kernel/requirements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "loader/kernel/pinned_object.h"
#include "loader/node/neighbours.h"

namespace sp {
namespace {

using ::testing::HasSubstr;

TEST(Requirements, KernelFrom61OnIsTaken) {
  for (const char* release : {"6.1.0-18-amd64", "6.1", "6.18.44-fc", "10.0.1"}) {
    EXPECT_TRUE(kernel::check_kernel_release(release)) << release;
  }
}

TEST(Requirements, OlderKernelIsRefusedInOneSentence) {
  for (const char* release : {"6.0.19", "5.15.0-91-generic", "4.19", "weird"}) {
    const auto refused = kernel::check_kernel_release(release);
    ASSERT_FALSE(refused) << release;
    EXPECT_EQ(refused.error().text(), std::string("kernel ") + release + " is too old: 6.1 or newer is needed");
  }
}

TEST(Requirements, MissingPrivilegesAreNamed) {
  const Error explained = kernel::explain_privileges(Error{EPERM, "map sp_flows4: create"});
  EXPECT_THAT(explained.text(), HasSubstr("run as root, or with CAP_BPF"));
  EXPECT_THAT(explained.text(), HasSubstr("map sp_flows4: create"));
  EXPECT_EQ(kernel::explain_privileges(Error{EINVAL, "other"}).what, "other");
}

TEST(PinName, IsProgramAndIfindex) {
  EXPECT_EQ(kernel::parse_pin_name("sp_tc_egress-12"), std::pair(std::string("sp_tc_egress"), 12u));
  for (const char* name : {"sp_xdp", "-3", "sp_xdp-", "sp_xdp-3x", "sp_xdp-99999999999"}) {
    EXPECT_EQ(kernel::parse_pin_name(name), std::nullopt) << name;
  }
}

TEST(Neighbours, ForgettingCountsAsAChange) {
  node::Neighbours neighbours;
  for (std::uint32_t i = 0; i < node::Neighbours::kMaxRemembered; ++i) {
    ASSERT_FALSE(neighbours.observe(1, Ip::v4(i), "mac"));
  }
  EXPECT_TRUE(neighbours.observe(2, Ip::v4(0), "mac"));
  EXPECT_FALSE(neighbours.observe(1, Ip::v4(0), "other")) << "forgotten, so new";
  EXPECT_TRUE(neighbours.observe(1, Ip::v4(0), "third"));
}

}  // namespace
}  // namespace sp
