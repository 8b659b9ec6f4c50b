// SPDX-License-Identifier: Apache-2.0
// FrontendTable: the frontends and source ranges in force, by the names of the services that they point to.
//
// Order of use: put_ranges, put_frontends, then the two erase functions. A frontend that a new list restricts is thus
// never open to everybody, and one that a list frees is never closed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "loader/compile/desired.h"
#include "loader/sync/service_table.h"
#include "loader/sync/sync.h"
#include "loader/sync/tables.h"

namespace sp::sync {

class FrontendTable {
 public:
  // Rows that were adopted. Each frontend is counted in its service's `frontends` already.
  using Frontends = std::map<compile::Frontend, compile::FrontendRow>;
  // By service name; host bits are zero, sorted, no duplicates.
  using Ranges = std::map<std::string, std::vector<Prefix>>;

  FrontendTable(const Tables& tables, Frontends frontends, Ranges ranges)
      : tables_(tables), frontends_(std::move(frontends)), ranges_(std::move(ranges)) {}

  // Adds what is missing. Services without an id (there was no room) are passed over.
  void put_ranges(const compile::Desired& desired, ServiceTable& services, Report& report);
  // Adds and changes rows. Without `may_delete` a row that points to a service unknown to `desired` is left alone.
  void put_frontends(const compile::Desired& desired, ServiceTable& services, bool may_delete, Report& report);
  void erase_frontends(const compile::Desired& desired, ServiceTable& services, Report& report);
  // Before services are erased: a range carries its service's id.
  void erase_ranges(const compile::Desired& desired, ServiceTable& services, Report& report);

 private:
  Tables tables_;
  Frontends frontends_;
  Ranges ranges_;
};

[[nodiscard]] sp_frontend_key key_of(const compile::Frontend& frontend);
[[nodiscard]] sp_source_range_key key_of(const Prefix& range, std::uint32_t service_id);
// `range` with the bits beyond its length zero, as the trie compares it.
[[nodiscard]] Prefix without_host_bits(const Prefix& range);

}  // namespace sp::sync
