// SPDX-License-Identifier: Apache-2.0
// SlotAllocator: a map of free ranges.
#include "loader/sync/slot_allocator.h"

#include <iterator>

namespace sp::sync {

SlotAllocator::SlotAllocator(std::uint32_t size) {
  give_back({0, size});
}

bool SlotAllocator::take(SlotRange range) {
  if (range.count == 0) {
    return true;
  }
  auto found = free_.upper_bound(range.base);
  if (found == free_.begin()) {
    return false;
  }
  --found;
  const auto [base, count] = *found;
  if (count - (range.base - base) < range.count || range.base - base >= count) {
    return false;
  }
  free_.erase(found);
  if (range.base != base) {
    free_.emplace(base, range.base - base);
  }
  const std::uint32_t rest_count = count - (range.base - base) - range.count;
  if (rest_count != 0) {
    free_.emplace(range.base + range.count, rest_count);
  }
  return true;
}

std::optional<SlotRange> SlotAllocator::allocate(std::uint32_t count) {
  if (count == 0) {
    return SlotRange{};
  }
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    const auto [base, size] = *it;
    if (size < count) {
      continue;
    }
    free_.erase(it);
    if (size > count) {
      free_.emplace(base + count, size - count);
    }
    return SlotRange{base, count};
  }
  return std::nullopt;
}

void SlotAllocator::give_back(SlotRange range) {
  if (range.count == 0) {
    return;
  }
  auto next = free_.lower_bound(range.base);
  if (next != free_.end() && range.base + range.count == next->first) {
    range.count += next->second;
    next = free_.erase(next);
  }
  if (next != free_.begin()) {
    const auto previous = std::prev(next);
    if (previous->first + previous->second == range.base) {
      previous->second += range.count;
      return;
    }
  }
  free_.emplace_hint(next, range.base, range.count);
}

void SlotAllocator::rest(SlotRange range, TimePoint now) {
  if (range.count != 0) {
    resting_.push_back({range, now});
  }
}

void SlotAllocator::collect(TimePoint now, std::chrono::milliseconds time) {
  while (!resting_.empty() && now - resting_.front().since >= time) {
    give_back(resting_.front().range);
    resting_.pop_front();
  }
}

}  // namespace sp::sync
