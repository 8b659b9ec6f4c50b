// SPDX-License-Identifier: Apache-2.0
// Types of plain scalars follow YAML's core schema, but strictly: 0755, yes and 1e3 are no numbers or booleans here,
// because YAML 1.1 and 1.2 disagree about them.
#include "loader/source/field.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

namespace sp::source {
namespace {

constexpr std::size_t kMaxLines = 8;

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool looks_like_integer(std::string_view text) {
  if (text.starts_with('-')) {
    text.remove_prefix(1);
  }
  return is_digits(text) && (text.size() == 1 || text.front() != '0');
}

bool looks_like_fraction(std::string_view text) {
  double value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = end == text.data() + text.size() && status != std::errc::invalid_argument;
  return whole && text.find_first_of("0123456789") != std::string_view::npos;
}

std::optional<bool> as_boolean(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") {
    return true;
  }
  if (text == "false" || text == "False" || text == "FALSE") {
    return false;
  }
  return std::nullopt;
}

std::string_view type_of(const Value& value) {
  switch (value.kind) {
    case Value::Kind::null:
      return "null";
    case Value::Kind::list:
      return "a list";
    case Value::Kind::map:
      return "a mapping";
    case Value::Kind::scalar:
      break;
  }
  if (value.quoted) {
    return "a string";
  }
  if (looks_like_integer(value.text) || looks_like_fraction(value.text)) {
    return "a number";
  }
  return as_boolean(value.text) ? "a boolean" : "a string";
}

}  // namespace

void Report::add(std::string line) {
  if (std::find(lines_.begin(), lines_.end(), line) != lines_.end()) {
    return;
  }
  if (lines_.size() == kMaxLines) {
    ++dropped_;
    return;
  }
  lines_.push_back(std::move(line));
}

std::vector<std::string> Report::take() {
  if (dropped_ > 0) {
    lines_.push_back("and " + std::to_string(dropped_) + " more");
  }
  dropped_ = 0;
  return std::exchange(lines_, {});
}

std::string printable(std::string_view text, std::size_t max_length) {
  std::string out;
  for (const char c : text.substr(0, max_length)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
      continue;
    }
    std::array<char, 5> escaped;
    std::snprintf(escaped.data(), escaped.size(), "\\x%02x", static_cast<unsigned>(byte));
    out += escaped.data();
  }
  return text.size() > max_length ? out + "..." : out;
}

bool Field::is_string() const {
  return present() && type_of(*value_) == "a string";
}

bool Field::is_map() const {
  if (!present()) {
    return false;
  }
  if (value_->kind != Value::Kind::map) {
    complain_type("a mapping");
    return false;
  }
  if (value_->has_repeated_key) {
    complain("the key " + printable(value_->text) + " is given more than once, expected it once");
  }
  return true;
}

Field Field::operator[](std::string_view key) const& {
  return Field(*this, is_map() ? value_->find(key) : nullptr, key, 0);
}

std::size_t Field::size() const {
  if (!present()) {
    return 0;
  }
  if (value_->kind != Value::Kind::list) {
    complain_type("a list");
    return 0;
  }
  return value_->items.size();
}

Field Field::at(std::size_t idx) const& {
  return Field(*this, &value_->items[idx], {}, idx);
}

const std::vector<std::string>& Field::keys() const {
  static const std::vector<std::string> kNone;
  return is_map() ? value_->keys : kNone;
}

std::optional<std::string_view> Field::string() const {
  if (!present()) {
    return std::nullopt;
  }
  if (!is_string()) {
    const bool scalar = value_->kind == Value::Kind::scalar;
    complain_type(scalar ? "a string (in quotes)" : "a string");
    return std::nullopt;
  }
  return value_->text;
}

std::optional<std::int64_t> Field::integer() const {
  if (!present()) {
    return std::nullopt;
  }
  if (value_->kind != Value::Kind::scalar || value_->quoted || !looks_like_integer(value_->text)) {
    complain_type(type_of(*value_) == "a number" ? "a whole number" : "a number");
    return std::nullopt;
  }
  std::int64_t number = 0;
  const auto status = std::from_chars(value_->text.data(), value_->text.data() + value_->text.size(), number).ec;
  if (status != std::errc{}) {
    complain(shown() + " is too large, expected a number of at most 19 digits");
    return std::nullopt;
  }
  return number;
}

std::optional<bool> Field::boolean() const {
  if (!present()) {
    return std::nullopt;
  }
  const bool plain = value_->kind == Value::Kind::scalar && !value_->quoted;
  const auto parsed = plain ? as_boolean(value_->text) : std::nullopt;
  if (!parsed) {
    complain_type("true or false");
  }
  return parsed;
}

void Field::require(std::string_view what) const {
  // Where the parent is no mapping, that has been said already.
  const auto* const above = static_cast<const Field*>(parent());
  const bool in_map = above == nullptr || !above->present() || above->value_->kind == Value::Kind::map;
  if (!present() && in_map) {
    complain("is missing, expected " + std::string(what));
  }
}

void Field::require_elements(std::string_view what) const {
  require(what);
  if (present() && value_->kind == Value::Kind::list && value_->items.empty()) {
    complain("is empty, expected " + std::string(what));
  }
}

void Field::complain_type(std::string_view expected) const {
  const std::string_view type = type_of(*value_);
  const std::string subject = value_->kind == Value::Kind::scalar ? shown() + " is " : "is ";
  complain(subject + std::string(type) + ", expected " + std::string(expected));
}

std::string Field::shown() const {
  if (value_ == nullptr || value_->kind != Value::Kind::scalar) {
    return value_ == nullptr ? "nothing" : std::string(type_of(*value_));
  }
  return is_string() ? '"' + printable(value_->text) + '"' : printable(value_->text);
}

void FieldPlace::complain(std::string_view text) const {
  complain_in(*report_, text);
}

void FieldPlace::complain_in(Report& report, std::string_view text) const {
  const std::string where = path();
  report.add(where.empty() ? std::string(text) : where + ": " + std::string(text));
}

std::string FieldPlace::path() const {
  if (parent_ == nullptr) {
    return {};
  }
  std::string text = parent_->path();
  if (key_.empty()) {
    return text + "[" + std::to_string(idx_) + "]";
  }
  // A key with dots, as labels have, would read as several fields.
  if (key_.find_first_of(".[]: ") != std::string_view::npos) {
    return text + "[" + printable(key_) + "]";
  }
  return (text.empty() ? text : text + ".") + printable(key_);
}

}  // namespace sp::source
