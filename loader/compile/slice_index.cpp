// SPDX-License-Identifier: Apache-2.0
// SliceIndex: both ways, because a slice may move to another Service.
#include "loader/compile/slice_index.h"

#include <algorithm>
#include <functional>

namespace sp::compile {

std::size_t SliceIndex::KeyHash::operator()(const model::ObjectKey& key) const {
  const std::hash<std::string> hash;
  return hash(key.ns) * 31 + hash(key.name);
}

void SliceIndex::follow(const model::Cluster& cluster, const model::ObjectKey& key, std::set<model::ObjectId>& stale) {
  const auto now = cluster.endpoint_slices.find(key);
  const auto known = service_of_.find(key);
  if (known != service_of_.end()) {
    const model::ObjectKey before{key.ns, known->second};
    stale.insert({model::Kind::service, before});
    if (now == cluster.endpoint_slices.end() || now->second.service_name != before.name) {
      take_out(before, key);
      service_of_.erase(known);
    }
  }
  if (now != cluster.endpoint_slices.end()) {
    const model::ObjectKey service{key.ns, now->second.service_name};
    if (service_of_.try_emplace(key, service.name).second) {
      put_in(service, key);
    }
    stale.insert({model::Kind::service, service});
  }
}

void SliceIndex::take_out(const model::ObjectKey& service, const model::ObjectKey& slice) {
  const auto found = slices_.find(service);
  std::erase(found->second, slice);
  if (found->second.empty()) {
    slices_.erase(found);
  }
}

void SliceIndex::put_in(const model::ObjectKey& service, const model::ObjectKey& slice) {
  std::vector<model::ObjectKey>& slices = slices_[service];
  slices.insert(std::lower_bound(slices.begin(), slices.end(), slice), slice);
}

std::span<const model::ObjectKey> SliceIndex::of(const model::ObjectKey& service) const {
  const auto found = slices_.find(service);
  return found == slices_.end() ? std::span<const model::ObjectKey>{} : found->second;
}

}  // namespace sp::compile
