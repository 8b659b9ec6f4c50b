// SPDX-License-Identifier: Apache-2.0
// WindowedArray<Row>: as MappedArray, for big arrays of which few rows are in use: pages of a map that are mapped count
// as resident memory whether they were touched or not, so windows are mapped one by one, when a row in them is reached
// for.
//
// Promises: rows() stays valid and its rows at their addresses for the object's life, moves included; a window that was
// mapped stays.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <vector>

#include "loader/kernel/map_fd.h"
#include "loader/sync/row_array.h"

namespace sp::kernel {

// The windows of one map, in a range of addresses that is reserved as a whole.
class MapWindows final : public sync::RowWindows {
 public:
  // A multiple of every page size, and of the size of every row.
  static constexpr std::size_t kBytes = std::size_t{128} << 10;

  [[nodiscard]] static Result<std::unique_ptr<MapWindows>> reserve(MapFd map, std::size_t row_bytes);
  ~MapWindows() override;

  void bring_in(std::size_t row) override {
    if (!is_in_[row / rows_per_window_]) map_window(row / rows_per_window_);
  }
  void for_each_written(const std::function<void(std::size_t first, std::size_t end)>& visit) override;

  [[nodiscard]] void* memory() const { return memory_; }
  [[nodiscard]] std::size_t rows() const { return map_.max_entries; }

 private:
  MapWindows(MapFd map, std::size_t row_bytes, std::byte* memory, std::size_t bytes);
  void map_window(std::size_t window);
  void let_go(std::size_t window);
  [[nodiscard]] std::size_t bytes_of(std::size_t window) const;
  [[nodiscard]] bool is_zero(std::size_t window) const;

  MapFd map_;
  std::size_t rows_per_window_;
  std::byte* memory_;
  std::size_t bytes_;  // whole pages
  std::vector<bool> is_in_;
};

template <typename Row>
class WindowedArray {
  static_assert(std::is_trivially_copyable_v<Row> && MapWindows::kBytes % sizeof(Row) == 0);

 public:
  [[nodiscard]] static Result<WindowedArray> map(MapFd map) {
    SP_TRY_ASSIGN(windows, MapWindows::reserve(std::move(map), sizeof(Row)));
    return WindowedArray(std::move(windows));
  }

  [[nodiscard]] sync::RowArray<Row> rows() const {
    return {{static_cast<Row*>(windows_->memory()), windows_->rows()}, windows_.get()};
  }

 private:
  explicit WindowedArray(std::unique_ptr<MapWindows> windows) : windows_(std::move(windows)) {}

  std::unique_ptr<MapWindows> windows_;
};

}  // namespace sp::kernel
