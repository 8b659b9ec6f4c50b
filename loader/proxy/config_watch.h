// SPDX-License-Identifier: Apache-2.0
// ConfigWatch: notices that a configuration file says something else than when it was read.
//
// Promises: a change between reading and watching is noticed too; neither a rewrite with the same content nor a file
// that is gone for a moment is a change; the link that a ConfigMap volume switches is followed. It never acts: whoever
// asks ends the process, and the next one reads the new file. Not seen: a rename of the file's folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "loader/util/fd.h"
#include "loader/util/result.h"

namespace sp::proxy {

struct ConfigFile {
  std::filesystem::path path;
  std::string text;  // as it was read
};

class ConfigWatch {
 public:
  [[nodiscard]] static Result<ConfigWatch> open(std::vector<ConfigFile> files);

  // Readable when changed() has something to look at. Ask changed() once before the first wait.
  [[nodiscard]] int fd() const { return inotify_.get(); }
  // Takes all pending events; the first file whose content is another one now.
  [[nodiscard]] std::optional<std::filesystem::path> changed();

 private:
  ConfigWatch(std::vector<ConfigFile> files, Fd inotify) : files_(std::move(files)), inotify_(std::move(inotify)) {}
  void arm();

  std::vector<ConfigFile> files_;
  Fd inotify_;
};

// What the agent ends with after a change.
[[nodiscard]] Error changed_error(const std::filesystem::path& file);

}  // namespace sp::proxy
