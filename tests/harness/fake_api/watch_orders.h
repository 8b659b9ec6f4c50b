// SPDX-License-Identifier: Apache-2.0
// WatchOrders: what a test wants the watches that are under way to do now. Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "tests/harness/fake_api/status.h"

namespace sp::fake_api {

struct WatchOrder {
  enum class What : std::uint8_t {
    bookmark,  // send one, if the client allows them
    finish,    // end as if the time were up
    cut,       // the connection dies
    cut_line,  // the connection dies in the middle of an event's line
    error,     // an ERROR event with `status`, and the end
    raw,       // `text` as it is
    stall,     // say nothing more
  };
  What what = What::finish;
  std::string resource = {};  // empty = every watch
  Status status = {410, "Expired", "too old resource version"};
  std::string text = {};
};

class WatchOrders {
 public:
  void give(const WatchOrder& order) {
    const std::lock_guard guard(lock_);
    orders_.push_back(order);
  }
  // Where a new watch starts to obey.
  [[nodiscard]] std::size_t mark() const {
    const std::lock_guard guard(lock_);
    return orders_.size();
  }
  // Orders for `resource` from `mark` on, which moves behind them.
  [[nodiscard]] std::vector<WatchOrder> take(std::size_t& mark, std::string_view resource) const {
    const std::lock_guard guard(lock_);
    std::vector<WatchOrder> result;
    for (; mark < orders_.size(); ++mark) {
      if (orders_[mark].resource.empty() || orders_[mark].resource == resource) result.push_back(orders_[mark]);
    }
    return result;
  }

 private:
  mutable std::mutex lock_;
  std::vector<WatchOrder> orders_;
};

}  // namespace sp::fake_api
