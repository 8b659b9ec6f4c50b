// SPDX-License-Identifier: Apache-2.0
// FolderWatch: inotify on a folder and on the path to it, so that the folder may go and come back.
//
// Promises: no change of an entry is missed; where the kernel lost events or the folder is another one than before, it
// says that everything has to be looked at. It never reads a file itself. Not seen: a rename of a folder further up
// than the parent while ours exists, and writes through a link to a file outside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>

#include "loader/util/fd.h"
#include "loader/util/result.h"

struct inotify_event;

namespace sp::source {

class FolderWatch {
 public:
  // Fails when `folder` is not a directory that can be watched.
  [[nodiscard]] static Result<FolderWatch> open(std::filesystem::path folder);

  struct Changes {
    bool everything = false;           // look at all entries
    std::set<std::string> written;     // finished: renamed to this name, or closed by its writer
    std::set<std::string> unfinished;  // created, removed or made (un)readable; whoever does that may not be done
    [[nodiscard]] bool empty() const { return !everything && written.empty() && unfinished.empty(); }
  };
  // Takes all pending events; never blocks.
  [[nodiscard]] Changes drain();

  [[nodiscard]] int fd() const { return inotify_.get(); }
  // False while the folder does not exist.
  [[nodiscard]] bool exists() const { return folder_wd_ >= 0; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  FolderWatch(std::filesystem::path folder, Fd inotify) : folder_(std::move(folder)), inotify_(std::move(inotify)) {}

  // Puts the watches where the path leads now. Returns whether the folder is another one than before.
  [[nodiscard]] bool rearm();
  void watch_path_to_folder();
  void replace_watch(int& slot, int wd, int other);
  void take_event(const inotify_event& event, const std::string& name, Changes& changes, bool& path_changed) const;

  std::filesystem::path folder_;
  Fd inotify_;
  int folder_wd_ = -1;
  int path_wd_ = -1;        // the nearest existing folder above
  std::string path_entry_;  // the entry of that folder which leads to ours
};

}  // namespace sp::source
