// SPDX-License-Identifier: Apache-2.0
// LiveService: what sync/ knows of one service row in force. Plain data; service_table.h changes it.
#pragma once

#include <cstdint>
#include <vector>

#include "loader/compile/desired.h"
#include "loader/sync/slot_allocator.h"
#include "maps/backend.h"

namespace sp::sync {

// A backend row that is alive: chosen, or only serving, or kept because nothing serves any more.
struct LiveBackend {
  compile::Backend backend;
  std::uint32_t id = 0;
  bool selected = false;  // in the set: new flows come here

  // sp_backend_val.flags
  [[nodiscard]] std::uint16_t flags() const {
    return static_cast<std::uint16_t>(SP_BACKEND_USED | (backend.local ? SP_BACKEND_LOCAL : 0) |
                                      (selected ? SP_BACKEND_SELECTED : 0));
  }
};

struct LiveService {
  std::uint32_t id = 0;
  compile::ServiceRow row;  // in force
  bool damaged = false;     // what was adopted makes no sense: the next change writes everything
  SlotRange slots;
  std::vector<std::uint32_t> slot_ids;  // contents of `slots`
  std::vector<LiveBackend> live;        // sorted by address and port
  std::size_t frontends = 0;            // rows of sp_frontends that point here
};

// Order of backends by what makes them one: address and port.
[[nodiscard]] inline bool before(const compile::Backend& a, const compile::Backend& b) {
  const auto order = a.ip <=> b.ip;
  return order != 0 ? order < 0 : a.port < b.port;
}

}  // namespace sp::sync
