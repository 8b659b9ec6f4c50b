// SPDX-License-Identifier: Apache-2.0
// IdAllocator: freed ids first, then fresh ones.
#include "loader/sync/id_allocator.h"

namespace sp::sync {

IdAllocator::IdAllocator(const std::vector<bool>& used) : next_(1), end_(static_cast<std::uint32_t>(used.size())) {
  for (std::uint32_t id = 1; id < end_; ++id) {
    if (used[id]) {
      next_ = id + 1;
    }
  }
  for (std::uint32_t id = next_; id-- > 1;) {
    if (!used[id]) {
      free_.push_back(id);
    }
  }
}

std::optional<std::uint32_t> IdAllocator::allocate() {
  if (!free_.empty()) {
    const std::uint32_t id = free_.back();
    free_.pop_back();
    return id;
  }
  if (next_ < end_) {
    return next_++;
  }
  return std::nullopt;
}

std::vector<std::uint32_t> IdAllocator::collect(TimePoint now, std::chrono::milliseconds time) {
  std::vector<std::uint32_t> out;
  while (!resting_.empty() && now - resting_.front().since >= time) {
    out.push_back(resting_.front().id);
    free_.push_back(resting_.front().id);
    resting_.pop_front();
  }
  return out;
}

}  // namespace sp::sync
