// SPDX-License-Identifier: Apache-2.0
// PodAddresses: which Pods of this node say that they have an address. The network plugin gives an address to the next
// Pod as soon as a sandbox is gone, while the API may still know the old Pod as terminating.
#pragma once

#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "loader/model/cluster.h"
#include "loader/model/object_id.h"

namespace sp::compile {

// Runs, or ran, on this node with a network of its own, and has not ended.
[[nodiscard]] bool has_own_network(const model::Pod& pod, std::string_view node_name);

class PodAddresses {
 public:
  // Pod `key` appeared, differs or has gone. Adds the other Pods that name an address of it to `stale`.
  void follow(const model::Cluster& cluster, const model::ObjectKey& key, std::string_view node_name,
              std::set<model::ObjectId>& stale);

  // Has `ip` gone from `pod`, which terminates, to one that does not?
  [[nodiscard]] bool is_passed_on(const model::Pod& pod, const Ip& ip) const;

 private:
  struct Holder {
    model::ObjectKey key;
    bool terminating = false;
  };
  std::map<Ip, std::vector<Holder>> holders_;
  std::map<model::ObjectKey, std::vector<Ip>> addresses_;  // the same by Pod
};

}  // namespace sp::compile
