// SPDX-License-Identifier: Apache-2.0
// ManifestSet: what all manifest files together define, kept up to date file by file. No I/O.
//
// Promises: an object that a file defined well stays in force while that file holds it badly, does not parse or cannot
// be read; of several files that define one object the first by name wins, those that have vanished last; an update
// costs as much as the file that changed.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "loader/model/cluster.h"
#include "loader/source/object.h"
#include "loader/source/source.h"

namespace sp::source {

class ManifestSet {
 public:
  // The file says `reading` now.
  void replace(const std::string& file, Reading reading);
  // The file is there and `text` is why nothing can be read from it. What it defined stays in force.
  void set_unreadable(const std::string& file, const std::string& text);
  // The file is readable again with the text that it had before.
  void set_unchanged(const std::string& file);
  // The file has gone, perhaps only for a moment: its objects stay unless another file defines them.
  void set_missing(const std::string& file);
  // The file is gone for good, and so are its objects.
  void erase(const std::string& file);

  // Names of the files that are known, missing ones included.
  [[nodiscard]] std::vector<std::string> files() const;
  [[nodiscard]] std::size_t object_count(const std::string& file) const;
  [[nodiscard]] std::size_t object_count() const { return claims_.size(); }
  [[nodiscard]] const model::Cluster& cluster() const { return cluster_; }
  void set_complete() { cluster_.complete = true; }

  // The objects that differ, and the new complaints, since the last call.
  [[nodiscard]] std::vector<ObjectId> take_changed();
  [[nodiscard]] std::vector<Complaint> take_complaints();
  void complain(const std::string& text);

 private:
  struct Held {
    Object object;
    std::size_t document;
  };
  struct File {
    std::map<ObjectId, Held> objects;
    std::string problem;  // why it is unreadable; empty when it is not
    bool missing = false;
  };

  std::map<ObjectId, Held> merge(const std::string& name, const File& before, Reading reading);
  void set_objects(const std::string& name, std::map<ObjectId, Held> objects);
  void update_winner(const ObjectId& id);
  void update_rivalry(const ObjectId& id, std::vector<std::string> names);
  void set_present(File& state);
  // The files that define an object, in the order in which they win.
  [[nodiscard]] std::vector<std::string> ranking(const ObjectId& id) const;

  std::map<std::string, File> files_;
  std::map<ObjectId, std::set<std::string>> claims_;        // which files define an object
  std::map<ObjectId, std::vector<std::string>> rivalries_;  // winner first; complained of already
  std::vector<Complaint> complaints_;
  model::Cluster cluster_;
  std::set<ObjectId> changed_;
};

}  // namespace sp::source
