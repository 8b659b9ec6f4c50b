// SPDX-License-Identifier: Apache-2.0
// PodIndex: Pods by label.
#include "loader/compile/pod_index.h"

#include <algorithm>

namespace sp::compile {

void PodIndex::build() {
  for (const auto& [key, pod] : pods_) {
    for (const auto& [label, value] : pod.meta.labels) {
      by_label_[{pod.meta.ns, label, value}].push_back(&pod);
    }
  }
  built_ = true;
}

std::vector<const model::Pod*> PodIndex::matching(std::string_view ns, const model::Labels& selector) {
  if (!built_) {
    build();
  }
  // The rarest label leads, the others are compared Pod by Pod.
  const std::vector<const model::Pod*>* rarest = nullptr;
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
  if (rarest != nullptr) {
    std::copy_if(rarest->begin(), rarest->end(), std::back_inserter(out), [&](const model::Pod* pod) {
      return std::all_of(selector.begin(), selector.end(), [&](const auto& wanted) {
        const auto label = pod->meta.labels.find(wanted.first);
        return label != pod->meta.labels.end() && label->second == wanted.second;
      });
    });
  }
  return out;
}

}  // namespace sp::compile
