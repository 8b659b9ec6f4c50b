// SPDX-License-Identifier: Apache-2.0
// Pass: one apply() on its way: what it may do, what it did, and which rows are still not as wanted.
#pragma once

#include <set>
#include <string>

#include "loader/compile/desired.h"
#include "loader/sync/sync.h"

namespace sp::sync {

// Rows that could not be made as wanted: there was no room, a write failed, or they wait for such a row.
struct Pending {
  std::set<std::string> services;
  std::set<compile::Frontend> frontends;
  std::set<std::string> source_ranges;
  std::set<Ip> service_ips;
};

struct Pass {
  const compile::Desired& desired;
  bool may_delete;
  Sync::Clock::time_point now;
  Report report{};
  Pending pending{};
};

}  // namespace sp::sync
