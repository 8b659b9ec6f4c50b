// SPDX-License-Identifier: Apache-2.0
// SyncTest: a Sync over FakeMaps with a clock that only moves when told.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "loader/sync/sync.h"
#include "tests/harness/desired_builder.h"
#include "tests/harness/fake_map.h"
#include "tests/harness/map_view.h"

namespace sp::test {

inline constexpr const char* kWeb = "default/web:80/TCP@v4";

// Service kWeb on 192.0.2.1:30000.
inline compile::Desired one_service(compile::ServiceRow row) {
  compile::Desired desired;
  add(desired, kWeb, 30000, std::move(row));
  return desired;
}

class SyncTest : public testing::Test {
 protected:
  explicit SyncTest(const MapSizes& sizes = {}) : maps_(sizes), sync_(start()) {}

  sync::Sync start() {
    auto adopted = sync::Sync::adopt(maps_.tables());
    EXPECT_TRUE(adopted);
    return std::move(*adopted);
  }
  sync::Report apply(const compile::Desired& desired, bool may_delete = true) {
    now_ += std::chrono::milliseconds(10);
    return sync_.apply(desired, may_delete, now_);
  }
  sync::Report apply(const compile::Desired& desired, const compile::Delta& delta) {
    now_ += std::chrono::milliseconds(10);
    return sync_.apply(desired, delta, true, now_);
  }
  // The agent dies and starts again.
  void restart() { sync_ = start(); }
  void rest() { now_ += sync::Sync::kRest; }

  // Id of the row of 10.0.0.<number> at service `name`, 0 if there is none.
  std::uint32_t backend_id(const std::string& name, int number) {
    for (std::uint32_t id = 1; id < maps_.backends.rows().size(); ++id) {
      const sp_backend_val& row = maps_.backends.rows()[id];
      if ((row.flags & SP_BACKEND_USED) != 0 && row.service_id == service_id(name) &&
          Ip(row.addr) == ip("10.0.0." + std::to_string(number))) {
        return id;
      }
    }
    return 0;
  }
  std::uint32_t service_id(const std::string& name) {
    for (const auto& [id, text] : maps_.names.rows()) {
      if (name == text.text) {
        return id;
      }
    }
    return 0;
  }
  std::uint32_t generation(std::uint32_t id) { return maps_.backends.rows()[id].generation; }
  std::uint32_t backend_epoch() { return maps_.config.rows().front().epochs.backend; }
  bool selected(std::uint32_t id) { return (maps_.backends.rows()[id].flags & SP_BACKEND_SELECTED) != 0; }
  std::size_t hash_writes() { return maps_.frontends.writes() + maps_.names.writes() + maps_.ranges.writes(); }

  FakeMaps maps_;
  sync::Sync::Clock::time_point now_{};
  sync::Sync sync_;
};

}  // namespace sp::test
