// SPDX-License-Identifier: Apache-2.0
// ManifestFolder: a scratch folder for one test, written to in the ways in which people and tools write manifests.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "loader/source/manifest_dir.h"

namespace sp::testing {

namespace fs = std::filesystem;

class ManifestFolder {
 public:
  ManifestFolder() {
    std::string pattern = (fs::temp_directory_path() / "sp-manifests-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    fs::create_directory(path());
  }
  ~ManifestFolder() { fs::remove_all(root_); }
  ManifestFolder(const ManifestFolder&) = delete;
  ManifestFolder& operator=(const ManifestFolder&) = delete;

  // The folder has a parent of its own, in which nobody else makes noise.
  [[nodiscard]] fs::path path() const { return root_ / "manifests"; }
  [[nodiscard]] fs::path path(const std::string& name) const { return path() / name; }
  [[nodiscard]] fs::path outside(const std::string& name) const { return root_ / name; }

  // Truncates and writes, as `cp` and most editors do.
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  // Writes a hidden file and renames it, as Kubernetes tools and careful editors do.
  void publish(const std::string& name, const std::string& text) const {
    write("." + name + ".tmp", text);
    fs::rename(path("." + name + ".tmp"), path(name));
  }
  void remove(const std::string& name) const { fs::remove_all(path(name)); }

 private:
  fs::path root_;
};

// A ManifestDir with everything that it has said so far.
class WatchedFolder {
 public:
  explicit WatchedFolder(const fs::path& path) : dir_(open(path)) { refresh(); }

  // Refreshes whenever there is something to do, until `done` or for 10 s at most. Returns whether `done` came true.
  [[nodiscard]] bool await(const std::function<bool(const WatchedFolder&)>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done(*this)) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd ready{dir_.fd(), POLLIN, 0};
      if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) != 1) {
        return false;
      }
      refresh();
    }
    return true;
  }

  // Refreshes until nothing is to be done any more: all events taken, nothing left to settle.
  void drain() {
    constexpr int kLongerThanAnySettling_ms = 200;
    for (pollfd ready{dir_.fd(), POLLIN, 0}; ::poll(&ready, 1, kLongerThanAnySettling_ms) == 1;) {
      refresh();
    }
  }

  void refresh() {
    source::Update update = dir_.refresh();
    ++refreshes_;
    changes_ += update.any() ? 1 : 0;
    for (source::Complaint& complaint : update.complaints) {
      complaints_.push_back(std::move(complaint.text));
    }
  }

  [[nodiscard]] const model::Cluster& cluster() const { return dir_.cluster(); }
  [[nodiscard]] bool has_service(const std::string& name) const {
    return cluster().services.contains(model::ObjectKey{"default", name});
  }
  // Port of the first port of Service default/`name`; 0 when there is none.
  [[nodiscard]] int port_of(const std::string& name) const {
    const auto found = cluster().services.find(model::ObjectKey{"default", name});
    return found == cluster().services.end() ? 0 : found->second.ports.at(0).port;
  }
  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }
  [[nodiscard]] int changes() const { return changes_; }

 private:
  static source::ManifestDir open(const fs::path& path) {
    auto opened = source::ManifestDir::open(path);
    if (!opened) {
      throw std::runtime_error(opened.error().text());  // fails the test with the reason
    }
    return std::move(opened).value();
  }

  source::ManifestDir dir_;
  std::vector<std::string> complaints_;
  int changes_ = 0;
  int refreshes_ = 0;
};

// A Service default/`name` with one port.
inline std::string service_yaml(const std::string& name, const std::string& port) {
  return "apiVersion: v1\nkind: Service\nmetadata:\n  name: " + name + "\nspec:\n  ports:\n    - port: " + port + "\n";
}

}  // namespace sp::testing
