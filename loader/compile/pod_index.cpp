// SPDX-License-Identifier: Apache-2.0
// PodIndex: Pods by label.
#include "loader/compile/pod_index.h"

#include <algorithm>
#include <utility>

namespace sp::compile {

bool matches(const model::Labels& selector, const model::Labels& labels) {
  return !selector.empty() && std::all_of(selector.begin(), selector.end(), [&](const auto& wanted) {
    const auto label = labels.find(wanted.first);
    return label != labels.end() && label->second == wanted.second;
  });
}

std::vector<const model::Pod*> PodIndex::matching(const model::Cluster& cluster, const std::string& ns,
                                                  const model::Labels& selector) {
  if (!built_) {
    for (const auto& [key, pod] : cluster.pods) {
      put_in(key, pod.meta.labels);
    }
    built_ = true;
  }
  // The rarest label leads, the others are compared Pod by Pod.
  const std::set<model::ObjectKey>* rarest = nullptr;
  for (const auto& [label, value] : selector) {
    const auto found = by_label_.find({ns, label, value});
    if (found == by_label_.end()) {
      return {};
    }
    if (rarest == nullptr || found->second.size() < rarest->size()) {
      rarest = &found->second;
    }
  }
  std::vector<const model::Pod*> out;
  if (rarest == nullptr) {
    return out;
  }
  for (const model::ObjectKey& key : *rarest) {
    const auto pod = cluster.pods.find(key);
    if (pod != cluster.pods.end() && matches(selector, pod->second.meta.labels)) {
      out.push_back(&pod->second);
    }
  }
  return out;
}

model::Labels PodIndex::follow(const model::Cluster& cluster, const model::ObjectKey& key) {
  model::Labels before;
  if (!built_) {
    return before;
  }
  if (const auto known = labels_.find(key); known != labels_.end()) {
    before = std::move(known->second);
    labels_.erase(known);
    take_out(key, before);
  }
  if (const auto pod = cluster.pods.find(key); pod != cluster.pods.end()) {
    put_in(key, pod->second.meta.labels);
  }
  return before;
}

void PodIndex::put_in(const model::ObjectKey& key, const model::Labels& labels) {
  for (const auto& [label, value] : labels) {
    by_label_[{key.ns, label, value}].insert(key);
  }
  labels_[key] = labels;
}

void PodIndex::take_out(const model::ObjectKey& key, const model::Labels& labels) {
  for (const auto& [label, value] : labels) {
    const auto found = by_label_.find({key.ns, label, value});
    found->second.erase(key);
    if (found->second.empty()) {
      by_label_.erase(found);
    }
  }
}

}  // namespace sp::compile
