// SPDX-License-Identifier: Apache-2.0
// RowArray<Row>: the rows of an array that packets read, as memory, at addresses that stay.
//
// An array that has room for a million rows and holds few need not be in our memory as a whole: its owner may bring in
// windows of it as rows are reached for. A copy is a handle to the same rows.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

namespace sp::sync {

// Who brings parts of an array into memory. It ends the process if there is no memory to be had, as an allocation does.
class RowWindows {
 public:
  RowWindows() = default;
  RowWindows(const RowWindows&) = delete;
  RowWindows& operator=(const RowWindows&) = delete;
  virtual ~RowWindows() = default;

  // The row is at its address from now on.
  virtual void bring_in(std::size_t row) = 0;
  // Ranges [first, end) that hold all rows but zeroed ones, in ascending order. What they do not hold stays out.
  virtual void for_each_written(const std::function<void(std::size_t first, std::size_t end)>& visit) = 0;
};

template <typename Row>
class RowArray {
 public:
  // `rows` is all there, or as far as `windows` has brought it in. Both must outlive this.
  RowArray(std::span<Row> rows, RowWindows* windows = nullptr) : rows_(rows), windows_(windows) {}

  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  Row& operator[](std::size_t index) const {
    if (windows_ != nullptr) windows_->bring_in(index);
    return rows_[index];
  }

  // Calls visit(index, row) in ascending order. Left out are only rows that are zeroed, and not all of those.
  template <typename Visit>
  void for_each_written(Visit visit) const {
    const auto visit_range = [&](std::size_t first, std::size_t end) {
      for (std::size_t index = first; index < end; ++index) visit(index, rows_[index]);
    };
    if (windows_ == nullptr) {
      visit_range(0, rows_.size());
    } else {
      windows_->for_each_written(visit_range);
    }
  }

 private:
  std::span<Row> rows_;
  RowWindows* windows_;
};

}  // namespace sp::sync
