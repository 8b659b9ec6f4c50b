// SPDX-License-Identifier: Apache-2.0
// Map<K,V>: a typed hash map or LPM trie, and the sync::HashTable of a loader-written one.
//
// Promises: keys are hashed by every byte, so a key type with padding does not compile; an absent key is no error;
// a full map is an Error that says so. Not thread-safe.
#pragma once

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "loader/kernel/map_fd.h"
#include "loader/sync/tables.h"

namespace sp::kernel {

// Errno of an operation that the map's type does not have; the kernel leaks its internal number.
inline constexpr int kErrnoNotSupportedInternal = 524;

template <typename K, typename V>
class Map final : public sync::HashTable<K, V> {
  static_assert(std::is_trivially_copyable_v<K> && std::has_unique_object_representations_v<K>);
  static_assert(std::is_trivially_copyable_v<V> && std::has_unique_object_representations_v<V>);

 public:
  [[nodiscard]] static MapShape shape(bpf_map_type type) { return {type, sizeof(K), sizeof(V)}; }

  [[nodiscard]] static Result<Map> open(const std::filesystem::path& pin_path, const char* name, bpf_map_type type,
                                        Access access) {
    SP_TRY_ASSIGN(map, open_pinned_map(pin_path, name, shape(type), access));
    return Map(std::move(map));
  }
  [[nodiscard]] static Result<Map> share(int fd, const char* name, bpf_map_type type) {
    SP_TRY_ASSIGN(map, share_map(fd, name, shape(type)));
    return Map(std::move(map));
  }

  [[nodiscard]] std::uint32_t max_entries() const { return map_.max_entries; }

  [[nodiscard]] Result<std::optional<V>> lookup(const K& key) const {
    V value{};
    const int err = bpf_map_lookup_elem(map_.fd.get(), &key, &value);
    if (err == -ENOENT) return std::optional<V>{};
    if (err < 0) return map_error(err, map_, "lookup");
    return std::optional<V>{value};
  }

  [[nodiscard]] Result<void> update(const K& key, const V& value) override {
    const int err = bpf_map_update_elem(map_.fd.get(), &key, &value, BPF_ANY);
    if (err < 0) return map_error(err, map_, "update");
    return {};
  }

  // In one system call as long as no row is refused. The refused one is tried again by itself, for an error of its own.
  void update_all(std::span<const K> keys, std::span<const V> values,
                  const typename sync::HashTable<K, V>::Refused& refused) override {
    for (std::size_t done = 0; done < keys.size(); ++done) {
      const auto rest = static_cast<__u32>(keys.size() - done);
      __u32 count = rest;
      const int err = bpf_map_update_batch(map_.fd.get(), keys.data() + done, values.data() + done, &count, nullptr);
      if (err == 0) return;
      // So many rows it wrote before the refused one. It leaves the number alone where it did not begin.
      done += count < rest ? count : 0;
      if (auto alone = update(keys[done], values[done]); !alone) refused(done, alone.error());
    }
  }

  [[nodiscard]] Result<void> erase(const K& key) override {
    const int err = bpf_map_delete_elem(map_.fd.get(), &key);
    if (err < 0 && err != -ENOENT) return map_error(err, map_, "erase");
    return {};
  }

  // The same for many keys, in few system calls.
  [[nodiscard]] Result<void> erase(const std::vector<K>& keys) {
    for (std::size_t done = 0; done < keys.size();) {
      auto count = static_cast<__u32>(keys.size() - done);
      const int err = bpf_map_delete_batch(map_.fd.get(), keys.data() + done, &count, nullptr);
      if (err < 0 && err != -ENOENT) return map_error(err, map_, "erase");
      // It stops at a key that is absent.
      done += count + (err < 0 ? 1 : 0);
    }
    return {};
  }

  // A map that packets change meanwhile is walked at least once around; an entry may then be missed or seen twice.
  [[nodiscard]] Result<void> for_each(const std::function<void(const K&, const V&)>& visit) override {
    return walk(visit);
  }
  [[nodiscard]] Result<void> walk(const std::function<void(const K&, const V&)>& visit) const {
    SP_TRY_ASSIGN(batched, walk_batches(visit));
    return batched ? Result<void>{} : walk_keys(visit);
  }

 private:
  explicit Map(MapFd map) : map_(std::move(map)) {}

  // False when the map's type has no batch operations; nothing was visited then.
  Result<bool> walk_batches(const std::function<void(const K&, const V&)>& visit) const {
    static constexpr std::size_t kFirstBatch = 1024;
    std::vector<K> keys(kFirstBatch);
    std::vector<V> values(kFirstBatch);
    // The cursor is a bucket number (4 bytes) for hash maps and a key for the others.
    struct Cursor {
      alignas(8) unsigned char bytes[std::max(sizeof(K), sizeof(__u32))];
    };
    Cursor cursor{};
    bool first = true;
    for (;;) {
      __u32 count = static_cast<__u32>(keys.size());
      Cursor next{};
      const int err = bpf_map_lookup_batch(map_.fd.get(), first ? nullptr : &cursor, &next, keys.data(), values.data(),
                                           &count, nullptr);
      if (first && (err == -EINVAL || err == -EOPNOTSUPP || err == -kErrnoNotSupportedInternal)) return false;
      if (err == -ENOSPC && keys.size() < map_.max_entries) {
        // One bucket holds more entries than the buffer.
        keys.resize(keys.size() * 2);
        values.resize(values.size() * 2);
        continue;
      }
      if (err < 0 && err != -ENOENT) return map_error(err, map_, "read");
      for (__u32 i = 0; i < count; ++i) visit(keys[i], values[i]);
      if (err == -ENOENT) return true;
      cursor = next;
      first = false;
    }
  }

  Result<void> walk_keys(const std::function<void(const K&, const V&)>& visit) const {
    std::optional<K> previous;
    // Bounds the walk when entries are deleted under it and the kernel starts over.
    for (std::uint64_t seen = 0; seen <= 2ULL * map_.max_entries; ++seen) {
      K key{};
      const int err = bpf_map_get_next_key(map_.fd.get(), previous ? &*previous : nullptr, &key);
      if (err == -ENOENT) return {};
      if (err < 0) return map_error(err, map_, "read keys");
      SP_TRY_ASSIGN(value, lookup(key));
      if (value) visit(key, *value);
      previous = key;
    }
    return {};
  }

  MapFd map_;
};

}  // namespace sp::kernel
