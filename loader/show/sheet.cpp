// SPDX-License-Identifier: Apache-2.0
#include "loader/show/sheet.h"

#include <algorithm>
#include <cctype>

#include "loader/show/table.h"
#include "loader/util/json.h"

namespace sp::show {
namespace {

std::string heading(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c == '_' ? '-' : static_cast<char>(std::toupper(c)); });
  return name;
}

struct AsText {
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(std::uint64_t number) const { return std::to_string(number); }
  std::string operator()(bool yes) const { return yes ? "yes" : "no"; }
  std::string operator()(const std::vector<std::string>& list) const {
    std::string joined;
    for (const std::string& item : list) joined += (joined.empty() ? "" : ",") + item;
    return joined;
  }
};

struct AsJson {
  JsonWriter& json;
  void operator()(const std::string& text) const { json.string(text); }
  void operator()(std::uint64_t number) const { json.number(number); }
  void operator()(bool yes) const { json.boolean(yes); }
  void operator()(const std::vector<std::string>& list) const {
    json.begin_array();
    for (const std::string& item : list) json.string(item);
    json.end_array();
  }
};

}  // namespace

void Sheet::add(std::vector<Cell> row) {
  row.resize(columns_.size());
  rows_.push_back(std::move(row));
}

std::string Sheet::table() const {
  std::vector<Column> columns;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const bool number = !rows_.empty() && std::holds_alternative<std::uint64_t>(rows_.front()[i]);
    columns.push_back({heading(columns_[i]), number ? Align::right : Align::left});
  }
  Table table(std::move(columns));
  for (const auto& row : rows_) {
    std::vector<std::string> cells;
    for (const Cell& cell : row) cells.push_back(std::visit(AsText{}, cell));
    table.add(std::move(cells));
  }
  return table.text();
}

std::string Sheet::json() const {
  std::string text = "[";
  for (const auto& row : rows_) {
    JsonWriter json;
    json.begin_object();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      json.key(columns_[i]);
      std::visit(AsJson{json}, row[i]);
    }
    json.end_object();
    text += (text.size() == 1 ? "\n" : ",\n") + json.text();
  }
  return text + "\n]\n";
}

}  // namespace sp::show
