// SPDX-License-Identifier: Apache-2.0
// IdAllocator: ids of rows in an array. An id that packets may have seen rests before it is given out again.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace sp::sync {

class IdAllocator {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Ids are 1 .. used.size() - 1; 0 is never used. used[id] says which are taken already.
  explicit IdAllocator(const std::vector<bool>& used);

  // A free id, or nothing when all are taken or resting.
  [[nodiscard]] std::optional<std::uint32_t> allocate();
  // Takes back an id that no packet has seen.
  void give_back(std::uint32_t id) { free_.push_back(id); }
  // Takes back an id that packets may still be reading.
  void rest(std::uint32_t id, TimePoint now) { resting_.push_back({id, now}); }
  // Frees and returns the ids that have rested for `time`, so that their rows can be cleared.
  [[nodiscard]] std::vector<std::uint32_t> collect(TimePoint now, std::chrono::milliseconds time);

 private:
  struct Resting {
    std::uint32_t id;
    TimePoint since;
  };
  std::uint32_t next_;  // ids from here on were never used
  std::uint32_t end_;
  std::vector<std::uint32_t> free_;
  std::deque<Resting> resting_;
};

}  // namespace sp::sync
