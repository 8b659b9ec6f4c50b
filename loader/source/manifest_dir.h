// SPDX-License-Identifier: Apache-2.0
// ManifestDir: a folder of ordinary Kubernetes manifests as the API (standalone mode), watched with inotify.
//
// Promises: cluster() is always made of whole objects; a bad object keeps its last good state if it had one and never
// touches another object; files are re-read only when they changed; a deleted and re-created folder is picked up.
// Not thread-safe.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "loader/model/cluster.h"
#include "loader/source/source.h"
#include "loader/util/result.h"

namespace sp::source {

class ManifestDir {
 public:
  // Starts watching. Fails when `dir` is not a directory that can be read, or inotify is exhausted.
  [[nodiscard]] static Result<ManifestDir> open(std::filesystem::path dir);

  ManifestDir(ManifestDir&&) noexcept;
  ManifestDir& operator=(ManifestDir&&) noexcept;
  ~ManifestDir();

  // Becomes readable when refresh() has something to do. Constant over the object's life.
  [[nodiscard]] int fd() const;

  // What changed since the last call. `changed` is false when no object differs and cluster() did not
  // become complete.
  struct Update {
    bool changed = false;
    std::vector<Complaint> complaints;  // new ones only: a file that stays bad is reported once per content
  };
  // Reads pending events (never blocks) and the files that they name; the first call reads everything.
  [[nodiscard]] Update refresh();

  // Everything in force. `complete` is true after the first refresh() that could list the folder.
  [[nodiscard]] const model::Cluster& cluster() const;

 private:
  struct State;
  explicit ManifestDir(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sp::source
