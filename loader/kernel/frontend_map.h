// SPDX-License-Identifier: Apache-2.0
// FrontendMap: sp_frontends together with sp_filter, which every packet that may be for a frontend is held against.
//
// Promises: a frontend's bit is set before its row, so no packet of it passes by mistake. Rows that an earlier agent
// left get their bits when the map is shared.
#pragma once

#include "loader/kernel/filter.h"
#include "loader/kernel/map.h"
#include "maps/service.h"

namespace sp::kernel {

class FrontendMap final : public sync::HashTable<sp_frontend_key, sp_frontend_val> {
 public:
  using Rows = Map<sp_frontend_key, sp_frontend_val>;

  [[nodiscard]] static Result<FrontendMap> share(int fd, Filter filter) {
    SP_TRY_ASSIGN(rows, Rows::share(fd, "sp_frontends", BPF_MAP_TYPE_HASH));
    FrontendMap map(std::move(rows), std::move(filter));
    SP_TRY(map.rows_.for_each([&](const sp_frontend_key& key, const sp_frontend_val& /*value*/) { map.let_in(key); }));
    return map;
  }

  [[nodiscard]] Result<void> update(const sp_frontend_key& key, const sp_frontend_val& value) override {
    let_in(key);
    return rows_.update(key, value);
  }
  void update_all(std::span<const sp_frontend_key> keys, std::span<const sp_frontend_val> values,
                  const Refused& refused) override {
    for (const sp_frontend_key& key : keys) let_in(key);
    rows_.update_all(keys, values, refused);
  }
  [[nodiscard]] Result<void> erase(const sp_frontend_key& key) override { return rows_.erase(key); }
  [[nodiscard]] Result<void> for_each(
      const std::function<void(const sp_frontend_key&, const sp_frontend_val&)>& visit) override {
    return rows_.for_each(visit);
  }

 private:
  FrontendMap(Rows rows, Filter filter) : rows_(std::move(rows)), filter_(std::move(filter)) {}

  void let_in(const sp_frontend_key& key) { filter_.add(key.addr, key.port, key.proto); }

  Rows rows_;
  Filter filter_;
};

}  // namespace sp::kernel
