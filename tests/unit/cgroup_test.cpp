// SPDX-License-Identifier: Apache-2.0
// Where cgroup v2 is mounted, as the kernel writes it down.
#include "loader/agent/cgroup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sp::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(CgroupMounts, AreThoseOfTypeCgroup2) {
  EXPECT_THAT(cgroup_mounts("22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
                            "35 22 0:30 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
                            "41 22 0:31 / /sys/fs/cgroup/unified rw,relatime shared:9 master:2 - cgroup2 cgroup2 rw\n"
                            "50 22 0:31 /../.. /run/host\\040cgroup ro - cgroup2 cgroup rw\n"),
              ElementsAre("/sys/fs/cgroup/unified", "/run/host cgroup"));
}

TEST(CgroupMounts, WhatLooksLikeOneInAnotherPlaceIsNone) {
  EXPECT_THAT(cgroup_mounts("41 22 0:31 / /mnt/cgroup2 rw - tmpfs cgroup2 rw\n"), IsEmpty());
  EXPECT_THAT(cgroup_mounts(""), IsEmpty());
}

TEST(CheckCgroup, SaysWhatWasExpected) {
  const auto checked = check_cgroup("/proc");
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().text(), HasSubstr("--cgroup /proc is not a cgroup v2 directory"));
  const auto missing = check_cgroup("/nowhere");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().text(), HasSubstr("--cgroup /nowhere"));
}

}  // namespace
}  // namespace sp::agent
