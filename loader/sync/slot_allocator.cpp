// SPDX-License-Identifier: Apache-2.0
// SlotAllocator: free ranges by place and by size.
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
  const std::uint32_t left = range.base - base;
  const std::uint32_t right = count - left - range.count;
  remove_free({base, count});
  add_free({base, left});
  add_free({range.base + range.count, right});
  return true;
}

std::optional<SlotRange> SlotAllocator::allocate(std::uint32_t count) {
  if (count == 0) {
    return SlotRange{};
  }
  const auto fit = by_size_.lower_bound({count, 0});
  if (fit == by_size_.end()) {
    return std::nullopt;
  }
  const auto [size, base] = *fit;
  remove_free({base, size});
  add_free({base + count, size - count});
  return SlotRange{base, count};
}

void SlotAllocator::give_back(SlotRange range) {
  if (range.count == 0) {
    return;
  }
  const auto next = free_.lower_bound(range.base);
  SlotRange joined = range;
  if (next != free_.begin()) {
    const auto [base, count] = *std::prev(next);
    if (base + count == range.base) {
      joined = {base, count + joined.count};
    }
  }
  if (next != free_.end() && range.base + range.count == next->first) {
    joined.count += next->second;
    remove_free({next->first, next->second});
  }
  if (joined.base != range.base) {
    remove_free({joined.base, free_.at(joined.base)});
  }
  add_free(joined);
}

void SlotAllocator::add_free(SlotRange range) {
  if (range.count != 0) {
    free_.emplace(range.base, range.count);
    by_size_.emplace(range.count, range.base);
  }
}

void SlotAllocator::remove_free(SlotRange range) {
  free_.erase(range.base);
  by_size_.erase({range.count, range.base});
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
