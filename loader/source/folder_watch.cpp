// SPDX-License-Identifier: Apache-2.0
// Events of inotify sorted by what they say about a file: finished, perhaps unfinished, or the folder itself.
#include "loader/source/folder_watch.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace sp::source {
namespace {

constexpr std::uint32_t kWritten = IN_CLOSE_WRITE | IN_MOVED_TO;
constexpr std::uint32_t kUnfinished = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_ATTRIB;
constexpr std::uint32_t kSelf = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT;
constexpr std::uint32_t kFolderMask = kWritten | kUnfinished | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::uint32_t kPathMask =
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
// The path may change while it is being watched; each round that finds it changed starts over. A path that changes
// more often than this within microseconds will send another event.
constexpr int kMaxRounds = 16;

}  // namespace

Result<FolderWatch> FolderWatch::open(std::filesystem::path folder) {
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::absolute(folder, error).lexically_normal();
  if (error) {
    return errno_error(error.value(), folder.string() + ": cannot be made absolute");
  }
  if (!absolute.has_filename() && absolute.has_relative_path()) {
    absolute = absolute.parent_path();  // "dir/"
  }
  const Fd readable(::open(absolute.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!readable.valid()) {
    return errno_error(errno, absolute.string() + ": cannot be read as a folder of manifests");
  }
  Fd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify.valid()) {
    return errno_error(errno, "inotify: create an instance (see /proc/sys/fs/inotify/max_user_instances)");
  }
  FolderWatch watch(std::move(absolute), std::move(inotify));
  errno = 0;
  if (!watch.rearm()) {
    return errno_error(errno, watch.folder_.string() + ": watch (see /proc/sys/fs/inotify/max_user_watches)");
  }
  return watch;
}

FolderWatch::Changes FolderWatch::drain() {
  Changes changes;
  bool path_changed = false;
  alignas(inotify_event) std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t length = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (length <= 0) {
      if (length < 0 && errno == EINTR) {
        continue;
      }
      break;  // EAGAIN: all taken
    }
    for (const char* at = buffer.data(); at < buffer.data() + length;) {
      const auto& event = *reinterpret_cast<const inotify_event*>(at);
      take_event(event, event.len > 0 ? std::string(event.name) : std::string(), changes, path_changed);
      at += sizeof event + event.len;
    }
  }
  if (path_changed && rearm()) {
    changes.everything = exists();
    changes.written.clear();
    changes.unfinished.clear();
  }
  return changes;
}

void FolderWatch::take_event(const inotify_event& event, const std::string& name, Changes& changes,
                             bool& path_changed) const {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    changes.everything = true;
    path_changed = true;
    return;
  }
  if (event.wd == folder_wd_) {
    if ((event.mask & (kSelf | IN_IGNORED)) != 0) {
      path_changed = true;
    } else if (!name.empty()) {
      ((event.mask & kWritten) != 0 ? changes.written : changes.unfinished).insert(name);
    }
  } else if (event.wd == path_wd_) {
    path_changed |= (event.mask & (kSelf | IN_IGNORED)) != 0 || name == path_entry_;
  }
}

bool FolderWatch::rearm() {
  const int old_folder_wd = folder_wd_;
  for (int round = 0; round < kMaxRounds; ++round) {
    watch_path_to_folder();
    const int wd = ::inotify_add_watch(inotify_.get(), folder_.c_str(), kFolderMask);
    const bool settled = round > 0 && wd == folder_wd_;
    replace_watch(folder_wd_, wd, path_wd_);
    if (settled) {
      break;
    }
  }
  return folder_wd_ != old_folder_wd;
}

void FolderWatch::watch_path_to_folder() {
  int wd = -1;
  for (std::filesystem::path below = folder_; wd < 0 && below.has_relative_path(); below = below.parent_path()) {
    path_entry_ = below.filename().string();
    wd = ::inotify_add_watch(inotify_.get(), below.parent_path().c_str(), kPathMask);
  }
  replace_watch(path_wd_, wd, folder_wd_);
}

// inotify gives one descriptor for one inode, so a watch that both roles share is not removed.
void FolderWatch::replace_watch(int& slot, int wd, int other) {
  if (slot >= 0 && slot != wd && slot != other) {
    const int saved = errno;
    ::inotify_rm_watch(inotify_.get(), slot);  // fails, rightly, when the inode is gone already
    errno = saved;
  }
  slot = wd;
}

}  // namespace sp::source
