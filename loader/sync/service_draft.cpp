// SPDX-License-Identifier: Apache-2.0
// ServiceDraft: comparing a wanted row with the one in force.
#include "loader/sync/service_draft.h"

#include <algorithm>
#include <iterator>

namespace sp::sync {

ServiceDraft::ServiceDraft(const std::string& service_name, const compile::ServiceRow& wanted, LiveService* in_force)
    : name(service_name), row(wanted), current(in_force), id(in_force == nullptr ? 0 : in_force->id) {
  std::vector<compile::Backend> keep;
  keep.reserve(row.serving.size());
  std::set_union(row.backends.begin(), row.backends.end(), row.serving.begin(), row.serving.end(),
                 std::back_inserter(keep), before);
  static const std::vector<LiveBackend> kNone;
  const std::vector<LiveBackend>& old = current == nullptr ? kNone : current->live;
  live.reserve(keep.size());
  auto it = old.begin();
  auto chosen = row.backends.begin();
  for (const compile::Backend& backend : keep) {
    const bool selected = chosen != row.backends.end() && !before(backend, *chosen);
    chosen += selected ? 1 : 0;
    for (; it != old.end() && before(it->backend, backend); ++it) {
      leaving.push_back(*it);
    }
    if (it == old.end() || before(backend, it->backend)) {
      added.push_back(live.size());
      live.push_back({backend, 0, selected});
      continue;
    }
    live.push_back({backend, it->id, selected});
    if (live.back().flags() != it->flags()) {
      changed.push_back(live.size() - 1);
    }
    ++it;
  }
  leaving.insert(leaving.end(), it, old.end());
}

void ServiceDraft::set_slot_ids() {
  slot_ids.reserve(row.backends.size());
  auto it = live.begin();
  for (const compile::Backend& backend : row.backends) {
    it = std::lower_bound(it, live.end(), backend,
                          [](const LiveBackend& a, const compile::Backend& b) { return before(a.backend, b); });
    slot_ids.push_back(it->id);
  }
  new_set = current == nullptr || current->damaged || slot_ids != current->slot_ids;
}

bool contains_all(std::span<const compile::Backend> set, std::span<const compile::Backend> subset) {
  return std::includes(set.begin(), set.end(), subset.begin(), subset.end(), before);
}

}  // namespace sp::sync
