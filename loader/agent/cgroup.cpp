// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/cgroup.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace sp::agent {
namespace {

// kernfs numbers the directories of a hierarchy from here.
constexpr ino_t kRootInode = 1;

bool is_root(const std::filesystem::path& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && facts.st_ino == kRootInode;
}

// Blanks and their like stand there as \040.
std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain += static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 | (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

Result<void> check_cgroup(const std::filesystem::path& path) {
  struct statfs info {};
  if (::statfs(path.c_str(), &info) != 0) {
    return errno_error(errno, "--cgroup " + path.string());
  }
  if (info.f_type != CGROUP2_SUPER_MAGIC || !std::filesystem::is_directory(path)) {
    return Error{0, "--cgroup " + path.string() +
                        " is not a cgroup v2 directory: expected one under a mount of type cgroup2, usually "
                        "/sys/fs/cgroup"};
  }
  return {};
}

std::vector<std::filesystem::path> cgroup_mounts(std::string_view mountinfo) {
  // 35 23 0:30 /root /where options optional... - type source options
  std::vector<std::filesystem::path> mounts;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos || line.compare(dash + 3, 8, "cgroup2 ") != 0) {
      continue;
    }
    std::istringstream words(line);
    std::string word;
    for (int field = 0; field < 5 && words >> word; ++field) {
    }
    mounts.emplace_back(unescape(word));
  }
  return mounts;
}

Result<CgroupPlace> find_cgroup() {
  std::ifstream file("/proc/self/mountinfo");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto mounts = cgroup_mounts(text);
  for (const auto& mount : mounts) {
    if (is_root(mount)) {
      return CgroupPlace{mount, true};
    }
  }
  if (mounts.empty()) {
    return Error{0,
                 "cgroup v2 is mounted nowhere: processes of this node are not hooked: mount it, and name it with "
                 "--cgroup; or `--cgroup none`"};
  }
  return CgroupPlace{mounts.front(), false};
}

}  // namespace sp::agent
