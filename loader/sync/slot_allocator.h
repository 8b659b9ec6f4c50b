// SPDX-License-Identifier: Apache-2.0
// SlotAllocator: contiguous ranges of sp_slots, best fit. A freed range rests, then joins its free neighbours.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace sp::sync {

struct SlotRange {
  std::uint32_t base = 0;
  std::uint32_t count = 0;

  bool operator==(const SlotRange&) const = default;
};

class SlotAllocator {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit SlotAllocator(std::uint32_t size);

  // Takes a given range, for adoption. False (and nothing is taken) if a part of it is not free.
  [[nodiscard]] bool take(SlotRange range);
  // `count` slots in a row, or nothing. No slots are needed for an empty set: {0, 0}.
  [[nodiscard]] std::optional<SlotRange> allocate(std::uint32_t count);
  // Takes back a range that no packet has seen.
  void give_back(SlotRange range);
  // Takes back a range that packets may still be reading.
  void rest(SlotRange range, TimePoint now);
  void collect(TimePoint now, std::chrono::milliseconds time);

 private:
  struct Resting {
    SlotRange range;
    TimePoint since;
  };
  void add_free(SlotRange range);
  void remove_free(SlotRange range);

  std::map<std::uint32_t, std::uint32_t> free_;                // base -> count; no two are adjacent
  std::set<std::pair<std::uint32_t, std::uint32_t>> by_size_;  // the same as (count, base)
  std::deque<Resting> resting_;
};

}  // namespace sp::sync
