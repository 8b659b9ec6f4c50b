// SPDX-License-Identifier: Apache-2.0
// SliceIndex: the EndpointSlices of each Service, kept current slice by slice.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "loader/model/cluster.h"
#include "loader/model/object_id.h"

namespace sp::compile {

class SliceIndex {
 public:
  // Slice `key` appeared, differs or has gone. Adds the Services that it belonged to and belongs to now to `stale`.
  void follow(const model::Cluster& cluster, const model::ObjectKey& key, std::set<model::ObjectId>& stale);

  // Keys of the slices of a Service, sorted. Valid until the next change.
  [[nodiscard]] std::span<const model::ObjectKey> of(const model::ObjectKey& service) const;

 private:
  struct KeyHash {
    std::size_t operator()(const model::ObjectKey& key) const;
  };
  void take_out(const model::ObjectKey& service, const model::ObjectKey& slice);
  void put_in(const model::ObjectKey& service, const model::ObjectKey& slice);

  std::unordered_map<model::ObjectKey, std::vector<model::ObjectKey>, KeyHash> slices_;
  std::unordered_map<model::ObjectKey, std::string, KeyHash> service_of_;  // name; the namespace is the slice's
};

}  // namespace sp::compile
