// SPDX-License-Identifier: Apache-2.0
// RowBatch: rows of one hash table that stand each for itself, written together, because a system call for each of
// thousands costs more than the rows do.
//
// Promises: rows are written in the order in which they were added, and what became of each is told in that order. A
// row that is refused keeps none of the others out. After flush() nothing is on its way.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "loader/sync/tables.h"

namespace sp::sync {

template <typename K, typename V, typename Origin>
class RowBatch {
 public:
  // Gets the Origin that came with the row. Must not add rows.
  using Written = std::function<void(Origin& origin)>;
  using Refused = std::function<void(Origin& origin, const Error& error)>;

  RowBatch(HashTable<K, V>& table, Written written, Refused refused)
      : table_(table), written_(std::move(written)), refused_(std::move(refused)) {}
  RowBatch(const RowBatch&) = delete;
  RowBatch& operator=(const RowBatch&) = delete;

  void add(const K& key, const V& value, Origin origin) {
    keys_.push_back(key);
    values_.push_back(value);
    origins_.push_back(std::move(origin));
    if (keys_.size() == kRows) {
      flush();
    }
  }

  void flush() {
    std::size_t told = 0;
    table_.update_all(keys_, values_, [&](std::size_t index, const Error& error) {
      for (; told < index; ++told) {
        written_(origins_[told]);
      }
      refused_(origins_[told++], error);
    });
    for (; told < origins_.size(); ++told) {
      written_(origins_[told]);
    }
    keys_.clear();
    values_.clear();
    origins_.clear();
  }

 private:
  // More save nothing that could be measured.
  static constexpr std::size_t kRows = 256;

  HashTable<K, V>& table_;
  Written written_;
  Refused refused_;
  std::vector<K> keys_;
  std::vector<V> values_;
  std::vector<Origin> origins_;
};

}  // namespace sp::sync
