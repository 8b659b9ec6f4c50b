// SPDX-License-Identifier: Apache-2.0
// Where socket hooks go: the cgroup v2 directory that all processes of this node are below.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "loader/util/result.h"

namespace sp::agent {

// What --cgroup takes for "no socket hooks".
inline constexpr const char* kNoCgroup = "none";

// Fails when `path` is not a directory of a cgroup v2 hierarchy.
[[nodiscard]] Result<void> check_cgroup(const std::filesystem::path& path);

// Places of type cgroup2 in the text of /proc/self/mountinfo, in its order.
[[nodiscard]] std::vector<std::filesystem::path> cgroup_mounts(std::string_view mountinfo);

struct CgroupPlace {
  std::filesystem::path path;
  bool is_root = false;  // of the whole machine, not of a container
};
// The root of cgroup v2 as this process sees it.
[[nodiscard]] Result<CgroupPlace> find_cgroup();

}  // namespace sp::agent
