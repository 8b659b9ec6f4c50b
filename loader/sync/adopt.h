// SPDX-License-Identifier: Apache-2.0
// Adoption: what pinned maps hold, read back into the words of compile/, so that a restarted agent goes on from there.
#pragma once

#include "loader/sync/frontend_table.h"
#include "loader/sync/network_table.h"
#include "loader/sync/service_table.h"
#include "loader/sync/tables.h"
#include "loader/util/result.h"

namespace sp::sync {

struct Adopted {
  ServiceTable::Services services;
  FrontendRows frontends;
  FrontendTable::Ranges ranges;
  NetworkTable::ServiceIps service_ips;
};

// Reads, writes nothing. Rows that make no sense are adopted as damaged or left out; the next apply() replaces them.
[[nodiscard]] Result<Adopted> read_back(const Tables& tables);

}  // namespace sp::sync
