// SPDX-License-Identifier: Apache-2.0
// FrontendMap: sp_frontends together with sp_dst_filter, which every packet that is not ours asks in its place.
//
// Promises: a frontend's bit is set before its row, so no packet of it passes by mistake; bits are never cleared. Rows
// that an earlier agent left get their bits when the map is shared.
#pragma once

#include "loader/kernel/map.h"
#include "loader/kernel/mapped_array.h"
#include "maps/filter.h"
#include "maps/service.h"

namespace sp::kernel {

class FrontendMap final : public sync::HashTable<sp_frontend_key, sp_frontend_val> {
 public:
  using Rows = Map<sp_frontend_key, sp_frontend_val>;

  [[nodiscard]] static Result<FrontendMap> share(int frontends_fd, int filter_fd) {
    SP_TRY_ASSIGN(rows, Rows::share(frontends_fd, "sp_frontends", BPF_MAP_TYPE_HASH));
    SP_TRY_ASSIGN(shared, share_map(filter_fd, "sp_dst_filter", {BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(__u64)}));
    SP_TRY_ASSIGN(filter, MappedArray<__u64>::map(shared));
    FrontendMap map(std::move(rows), std::move(filter));
    SP_TRY(map.rows_.for_each([&](const sp_frontend_key& key, const sp_frontend_val& /*value*/) { map.let_in(key); }));
    return map;
  }

  [[nodiscard]] Result<void> update(const sp_frontend_key& key, const sp_frontend_val& value) override {
    let_in(key);
    return rows_.update(key, value);
  }
  [[nodiscard]] Result<void> erase(const sp_frontend_key& key) override { return rows_.erase(key); }
  [[nodiscard]] Result<void> for_each(
      const std::function<void(const sp_frontend_key&, const sp_frontend_val&)>& visit) override {
    return rows_.for_each(visit);
  }

 private:
  FrontendMap(Rows rows, MappedArray<__u64> filter) : rows_(std::move(rows)), filter_(std::move(filter)) {}

  // Packets set bits of the same words at the same time.
  void let_in(const sp_frontend_key& key) {
    const __be32* w = key.addr.w;
    const __u32 bit = sp_filter_bit(w[0], w[1], w[2], w[3], key.port, key.proto);
    __atomic_fetch_or(&filter_.rows()[bit / 64], __u64{1} << bit % 64, __ATOMIC_RELEASE);
  }

  Rows rows_;
  MappedArray<__u64> filter_;
};

}  // namespace sp::kernel
