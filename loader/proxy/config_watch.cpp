// SPDX-License-Identifier: Apache-2.0
#include "loader/proxy/config_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>

namespace sp::proxy {
namespace {

// Finished files only: one that is created is looked at when its writer closes it.
constexpr std::uint32_t kFolderEvents = IN_CLOSE_WRITE | IN_MOVED_TO;
// A file that is mounted over, as with subPath, has no folder that would tell.
constexpr std::uint32_t kFileEvents = IN_CLOSE_WRITE;

// Nothing when the file cannot be read now.
std::optional<std::string> content_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    return std::nullopt;
  }
  return std::string{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace

Result<ConfigWatch> ConfigWatch::open(std::vector<ConfigFile> files) {
  Fd inotify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (inotify.get() < 0) {
    return errno_error(errno, "inotify for the configuration files: raise fs.inotify.max_user_instances");
  }
  ConfigWatch watch(std::move(files), std::move(inotify));
  watch.arm();
  return watch;
}

// Watches that exist already stay. What cannot be watched now is tried again at the next event.
void ConfigWatch::arm() {
  for (const ConfigFile& file : files_) {
    const std::filesystem::path path = std::filesystem::absolute(file.path);
    ::inotify_add_watch(inotify_.get(), path.parent_path().c_str(), kFolderEvents | IN_ONLYDIR);
    std::error_code unresolved;
    const std::filesystem::path target = std::filesystem::canonical(path, unresolved);
    if (!unresolved) {
      ::inotify_add_watch(inotify_.get(), target.parent_path().c_str(), kFolderEvents | IN_ONLYDIR);
      ::inotify_add_watch(inotify_.get(), target.c_str(), kFileEvents);
    }
  }
}

std::optional<std::filesystem::path> ConfigWatch::changed() {
  alignas(inotify_event) std::array<char, 4096> events{};
  while (::read(inotify_.get(), events.data(), events.size()) > 0) {
    // Which entry it was does not matter: contents decide.
  }
  arm();
  for (const ConfigFile& file : files_) {
    const auto content = content_of(file.path);
    if (content && *content != file.text) {
      return file.path;
    }
  }
  return std::nullopt;
}

Error changed_error(const std::filesystem::path& file) {
  return Error{0, "--config " + file.string() + " has changed: ending so that the next start reads it"};
}

}  // namespace sp::proxy
