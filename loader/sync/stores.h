// SPDX-License-Identifier: Apache-2.0
// Stores into the arrays that packets read at the same time: each aligned 8-byte word of a row is stored whole.
#pragma once

#include <cstdint>
#include <cstring>

#include "loader/util/ip.h"
#include "maps/backend.h"
#include "maps/network.h"
#include "maps/service.h"

namespace sp::sync {

// std::atomic_ref would need a uint64_t object there; the rows are structs, so the access must be allowed to alias.
using AliasedWord = std::uint64_t __attribute__((may_alias));

// Stores the 8 bytes at `source` as the word at `target`, after everything stored before it.
inline void store_word(void* target, const void* source) {
  std::uint64_t word;
  std::memcpy(&word, source, sizeof word);
  __atomic_store_n(static_cast<AliasedWord*>(target), word, __ATOMIC_RELEASE);
}

// The word that switches a backend set: packets see the old one or this one (I1).
inline void store_set(sp_service_val& row, std::uint32_t slot_base, std::uint32_t slot_count) {
  const std::uint32_t word[2] = {slot_base, slot_count};
  store_word(&row.slot_base, word);
}

inline void store_policy(sp_service_val& row, std::uint32_t flags, std::uint32_t affinity_ticks) {
  const std::uint32_t word[2] = {flags, affinity_ticks};
  store_word(&row.flags, word);
}

// Behind it, whatever was stored before it is seen by a packet that finds the epoch changed. 0 is never current.
inline void bump_epoch(__u32& epoch) {
  __atomic_store_n(&epoch, epoch + 1 == 0 ? 1 : epoch + 1, __ATOMIC_RELEASE);
}

// Slots outside any set in force have no reader, but one store each keeps the rule of this file simple.
inline void store_slot(__u64& slot, std::uint32_t backend_id) {
  __atomic_store_n(&slot, backend_id, __ATOMIC_RELAXED);
}

// The generation's word (port, flags, generation) comes last: it is what makes the row valid.
inline void store_backend(sp_backend_val& row, const sp_backend_val& value) {
  store_word(&row.addr.w[0], &value.addr.w[0]);
  store_word(&row.addr.w[2], &value.addr.w[2]);
  store_word(&row.service_id, &value.service_id);
  store_word(&row.port, &value.port);
}

// Without a mask the entry is unused: from the first store to the last one, which is the word of the mask that packets
// of the entry's family look at first.
inline void store_network(sp_network& entry, const sp_network& value, Family family) {
  constexpr std::uint64_t kNone = 0;
  const unsigned first = family == Family::v4 ? 2 : 0;
  store_word(&entry.mask.w[first], &kNone);
  __atomic_thread_fence(__ATOMIC_RELEASE);
  store_word(&entry.mask.w[2 - first], &value.mask.w[2 - first]);
  store_word(&entry.addr.w[0], &value.addr.w[0]);
  store_word(&entry.addr.w[2], &value.addr.w[2]);
  store_word(&entry.flags, &value.flags);
  store_word(&entry.pad[1], &value.pad[1]);
  store_word(&entry.mask.w[first], &value.mask.w[first]);
}

static_assert(offsetof(sp_network, flags) % 8 == 0 && sizeof(sp_network) % 8 == 0);
static_assert(offsetof(sp_service_val, flags) % 8 == 0 && sizeof(sp_service_val) % 8 == 0);
static_assert(offsetof(sp_backend_val, port) % 8 == 0 && offsetof(sp_backend_val, service_id) % 8 == 0);

}  // namespace sp::sync
