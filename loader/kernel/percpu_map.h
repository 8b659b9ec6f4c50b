// SPDX-License-Identifier: Apache-2.0
// PerCpuMap<V>: a per-CPU array of counters, read as sums.
//
// Owns what is easy to get wrong: the kernel hands one value per *possible* CPU, each rounded up to 8 bytes.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "loader/kernel/map_fd.h"

namespace sp::kernel {

// V is a struct of __u64 members; a sum is the sum of each member over the CPUs.
template <typename V>
class PerCpuMap {
  static_assert(std::is_trivially_copyable_v<V> && std::has_unique_object_representations_v<V>);
  static_assert(alignof(V) == alignof(__u64) && sizeof(V) % sizeof(__u64) == 0,
                "values of CPUs are 8-byte aligned only when the value is made of 8-byte words");

 public:
  [[nodiscard]] static Result<PerCpuMap> open(const std::filesystem::path& pin_path, const char* name) {
    const int cpus = libbpf_num_possible_cpus();
    if (cpus < 0) return errno_error(cpus, "count the possible CPUs");
    SP_TRY_ASSIGN(
        map, open_pinned_map(pin_path, name, {BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(__u32), sizeof(V)}, Access::read_only));
    return PerCpuMap(std::move(map), static_cast<std::size_t>(cpus));
  }

  [[nodiscard]] std::uint32_t max_entries() const { return map_.max_entries; }

  // The sum of row `index`; a row beyond the end reads as zero (a map of an older agent may be shorter).
  [[nodiscard]] Result<V> sum(__u32 index) const {
    if (index >= map_.max_entries) return V{};
    std::vector<V> values(cpus_);
    const int err = bpf_map_lookup_elem(map_.fd.get(), &index, values.data());
    if (err < 0) return map_error(err, map_, "lookup");
    return add(values.data());
  }

  // The sums of the first `rows` rows (default: of all), by index.
  [[nodiscard]] Result<std::vector<V>> sums(std::size_t rows = SIZE_MAX) const {
    static constexpr __u32 kBatch = 256;
    rows = std::min<std::size_t>(rows, map_.max_entries);
    std::vector<V> totals;
    totals.reserve(rows);
    std::vector<__u32> keys(kBatch);
    std::vector<V> values(kBatch * cpus_);
    __u32 cursor = 0;
    for (int err = 0; err != -ENOENT && totals.size() < rows;) {
      __u32 count = static_cast<__u32>(std::min<std::size_t>(kBatch, rows - totals.size()));
      __u32 next = 0;
      err = bpf_map_lookup_batch(map_.fd.get(), totals.empty() ? nullptr : &cursor, &next, keys.data(), values.data(),
                                 &count, nullptr);
      if (err < 0 && err != -ENOENT) return map_error(err, map_, "read");
      for (__u32 i = 0; i < count; ++i) totals.push_back(add(&values[i * cpus_]));
      cursor = next;
    }
    return totals;
  }

 private:
  PerCpuMap(MapFd map, std::size_t cpus) : map_(std::move(map)), cpus_(cpus) {}

  V add(const V* values) const {
    __u64 words[sizeof(V) / sizeof(__u64)] = {};
    for (std::size_t cpu = 0; cpu < cpus_; ++cpu) {
      __u64 of_cpu[sizeof(V) / sizeof(__u64)];
      std::memcpy(of_cpu, &values[cpu], sizeof(V));
      for (std::size_t i = 0; i < std::size(words); ++i) words[i] += of_cpu[i];
    }
    V total{};
    std::memcpy(&total, words, sizeof(V));
    return total;
  }

  MapFd map_;
  std::size_t cpus_;
};

}  // namespace sp::kernel
