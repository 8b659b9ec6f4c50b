// SPDX-License-Identifier: Apache-2.0
// Sockets of a cgroup that the test is not in: a forked child of each cgroup opens them and hands them over.
//
// Children end with the test, or with their cgroup when a lab goes down. From any thread.
#pragma once

#include <string>

#include "loader/util/fd.h"
#include "loader/util/result.h"

namespace sp::test {

// As socket(2), called by a process of cgroup_dir in `netns` ("" = the test's).
[[nodiscard]] Result<Fd> open_in_cgroup(const std::string& cgroup_dir, const std::string& netns, int family, int type);

}  // namespace sp::test
