// SPDX-License-Identifier: Apache-2.0
// ManifestDir: a folder of ordinary Kubernetes manifests as the API (standalone mode), watched with inotify.
//
// Promises: cluster() is always made of whole objects; a bad object keeps its last good state if it had one and never
// touches another object; files are re-read only when they changed; a deleted and re-created folder is picked up.
// Not thread-safe.
#pragma once

#include <filesystem>
#include <memory>

#include "loader/model/cluster.h"
#include "loader/source/source.h"
#include "loader/util/result.h"

namespace sp::source {

class ManifestDir final : public Source {
 public:
  // Starts watching. Fails when `dir` is not a directory that can be read, or inotify is exhausted.
  [[nodiscard]] static Result<ManifestDir> open(std::filesystem::path dir);

  ManifestDir(ManifestDir&&) noexcept;
  ManifestDir& operator=(ManifestDir&&) noexcept;
  ~ManifestDir() override;

  [[nodiscard]] int fd() const override;
  // Reads pending events and the files that they name; the first call reads everything.
  [[nodiscard]] Update refresh() override;
  // `complete` is true after the first refresh() that could list the folder.
  [[nodiscard]] const model::Cluster& cluster() const override;

 private:
  struct State;
  explicit ManifestDir(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sp::source
