// SPDX-License-Identifier: Apache-2.0
// FrontendTable: the frontends and source ranges in force, by the names of the services that they point to.
//
// Order of use: ranges are put, frontends are put, frontends are erased, ranges are erased. A frontend that a new list
// restricts is thus never open to everybody, and one that a list frees is never closed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "loader/compile/desired.h"
#include "loader/sync/frontend_rows.h"
#include "loader/sync/pass.h"
#include "loader/sync/row_batch.h"
#include "loader/sync/service_table.h"
#include "loader/sync/tables.h"

namespace sp::sync {

class FrontendTable {
 public:
  // By service name; host bits are zero, sorted, no duplicates.
  using Ranges = std::map<std::string, std::vector<Prefix>>;

  // Takes over rows that were adopted. Each frontend is counted in its service's `frontends` already.
  FrontendTable(const Tables& tables, FrontendRows frontends, Ranges ranges)
      : tables_(tables), frontends_(std::move(frontends)), ranges_(std::move(ranges)) {}

  // Each for all rows, and for one. Rows of services without an id (there was no room) are left for later.
  void put_ranges(ServiceTable& services, Pass& pass);
  void put_range(const std::string& service, ServiceTable& services, Pass& pass);
  // Without pass.may_delete a row that points to a service unknown to Desired is left alone.
  void put_frontends(ServiceTable& services, Pass& pass);
  void put_frontend(const compile::Frontend& frontend, ServiceTable& services, Pass& pass);
  void erase_frontends(ServiceTable& services, Pass& pass);
  void erase_frontend_if_missing(const compile::Frontend& frontend, ServiceTable& services, Pass& pass);
  // Before services are erased: a range carries its service's id.
  void erase_ranges(ServiceTable& services, Pass& pass);
  void erase_stale_range(const std::string& service, ServiceTable& services, Pass& pass);

 private:
  void add_ranges(const std::string& name, const std::vector<Prefix>& wanted, ServiceTable& services, Pass& pass);
  // A row on its way. All that it points to stays where it is meanwhile.
  struct Put {
    const compile::Frontend* frontend;
    const compile::FrontendRow* row;
    const compile::FrontendRow* known;  // what is in force, or null
    LiveService* service;
  };
  using Puts = RowBatch<sp_frontend_key, sp_frontend_val, Put>;
  [[nodiscard]] Puts puts(ServiceTable& services, Pass& pass);
  void put_row(const compile::Frontend& frontend, const compile::FrontendRow& row, ServiceTable& services, Pass& pass,
               Puts& puts);
  void settle(const Put& put, ServiceTable& services, Pass& pass);
  static void move_flows(const compile::FrontendRow& before, const compile::FrontendRow& now,
                         const LiveService& previous, ServiceTable& services, Pass& pass);
  void erase(const compile::Frontend& frontend, ServiceTable& services, Pass& pass);
  // Returns the next service's.
  [[nodiscard]] Ranges::iterator drop_stale(Ranges::iterator ranges, ServiceTable& services, Pass& pass);

  Tables tables_;
  FrontendRows frontends_;
  Ranges ranges_;
};

[[nodiscard]] sp_frontend_key key_of(const compile::Frontend& frontend);
[[nodiscard]] sp_source_range_key key_of(const Prefix& range, std::uint32_t service_id);

}  // namespace sp::sync
