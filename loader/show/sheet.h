// SPDX-License-Identifier: Apache-2.0
// Sheet: rows under named columns, filled once and printed as a table for people or as JSON for programs.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace sp::show {

// Nothing in a column that a row has no value for is an empty string.
using Cell = std::variant<std::string, std::uint64_t, bool, std::vector<std::string>>;

class Sheet {
 public:
  // Names in snake_case: the JSON keys; the table prints them in capitals.
  explicit Sheet(std::vector<std::string> columns) : columns_(std::move(columns)) {}

  // As many cells as columns.
  void add(std::vector<Cell> row);
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  // A line of headings and a line for each row, columns aligned, numbers to the right. Lists are joined by commas.
  [[nodiscard]] std::string table() const;
  // An array of objects, one line each.
  [[nodiscard]] std::string json() const;

 private:
  std::vector<std::string> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace sp::show
