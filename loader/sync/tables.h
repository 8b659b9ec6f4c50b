// SPDX-License-Identifier: Apache-2.0
// Tables: the loader-written maps as sync/ sees them. kernel/ implements it over pinned BPF maps, the unit tests over
// plain memory.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>

#include "loader/sync/row_array.h"
#include "loader/util/result.h"
#include "maps/backend.h"
#include "maps/network.h"
#include "maps/service.h"

namespace sp::sync {

template <typename K, typename V>
class HashTable {
 public:
  virtual ~HashTable() = default;
  [[nodiscard]] virtual Result<void> update(const K& key, const V& value) = 0;
  // Gets the index of a row that was refused.
  using Refused = std::function<void(std::size_t index, const Error& error)>;
  // Writes as many rows as there are keys. One that is refused keeps none of the others out; they are told of in
  // ascending order.
  virtual void update_all(std::span<const K> keys, std::span<const V> values, const Refused& refused) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (auto done = update(keys[i], values[i]); !done) {
        refused(i, done.error());
      }
    }
  }
  // Absent keys are no error.
  [[nodiscard]] virtual Result<void> erase(const K& key) = 0;
  // Order is arbitrary; the table must not change meanwhile.
  [[nodiscard]] virtual Result<void> for_each(const std::function<void(const K&, const V&)>& visit) = 0;
};

// Row 0 of services and backends is never used. Arrays are shared memory with the packet path: a row's 8-byte words
// are stored whole, in the order that sync.cpp states. A slot is a backend id.
struct Tables {
  HashTable<sp_frontend_key, sp_frontend_val>& frontends;
  HashTable<__u32, sp_service_name>& service_names;
  HashTable<sp_source_range_key, __u8>& source_ranges;
  RowArray<sp_service_val> services;
  RowArray<__u64> slots;
  RowArray<sp_backend_val> backends;
  HashTable<sp_addr, __u32>& service_ips;  // enum sp_service_ip
  sp_networks_val& networks;               // shared memory, too
  __u32& backend_epoch;                    // of sp_epochs, likewise
};

}  // namespace sp::sync
