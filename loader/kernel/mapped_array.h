// SPDX-License-Identifier: Apache-2.0
// MappedArray<V>: the rows of a BPF_F_MMAPABLE array as memory that is shared with the packet path.
//
// Promises: the span stays valid and at its address for the object's life, moves included. Stores are seen by packets
// at once; their order and atomicity are the writer's business.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <type_traits>
#include <utility>

#include "loader/kernel/map_fd.h"

namespace sp::kernel {

// Row is the value type, or __u64 for a smaller value: the kernel's rows are multiples of 8 bytes. A const Row maps
// read-only.
template <typename Row>
class MappedArray {
  static_assert(std::is_trivially_copyable_v<Row> && sizeof(Row) % 8 == 0, "rows are multiples of 8 bytes");

 public:
  [[nodiscard]] static Result<MappedArray> map(const MapFd& map) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t bytes = (map.max_entries * sizeof(Row) + page - 1) / page * page;
    const int protection = std::is_const_v<Row> ? PROT_READ : PROT_READ | PROT_WRITE;
    void* memory = ::mmap(nullptr, bytes, protection, MAP_SHARED, map.fd.get(), 0);
    if (memory == MAP_FAILED) return map_error(errno, map, "mmap");
    return MappedArray(static_cast<Row*>(memory), map.max_entries, bytes);
  }

  MappedArray(MappedArray&& other) noexcept
      : rows_(std::exchange(other.rows_, {})), mapped_bytes_(std::exchange(other.mapped_bytes_, 0)) {}
  MappedArray& operator=(MappedArray&& other) noexcept {
    std::swap(rows_, other.rows_);
    std::swap(mapped_bytes_, other.mapped_bytes_);
    return *this;
  }
  ~MappedArray() {
    if (mapped_bytes_ != 0) ::munmap(const_cast<std::remove_const_t<Row>*>(rows_.data()), mapped_bytes_);
  }

  [[nodiscard]] std::span<Row> rows() const { return rows_; }

 private:
  MappedArray(Row* rows, std::size_t count, std::size_t bytes) : rows_(rows, count), mapped_bytes_(bytes) {}

  std::span<Row> rows_;
  std::size_t mapped_bytes_;
};

}  // namespace sp::kernel
