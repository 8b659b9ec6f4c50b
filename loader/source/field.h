// SPDX-License-Identifier: Apache-2.0
// Field: a typed look at one value of a document, which knows its path and complains when the value is not as expected.
// FieldPlace: that path, for looks at documents of every form. Report: the complaints about one object. An object is
// good when its report is empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loader/source/value.h"

namespace sp::source {

class Report {
 public:
  // Takes "spec.type: ...". A line that is there already is dropped, and so is what goes beyond a screenful: an object
  // of a thousand bad endpoints needs no thousand lines.
  void add(std::string line);
  [[nodiscard]] bool empty() const { return lines_.empty(); }
  [[nodiscard]] std::vector<std::string> take();

 private:
  std::vector<std::string> lines_;
  std::size_t dropped_ = 0;
};

// Values are shown up to this length.
constexpr std::size_t kMaxShown = 80;

// `text` fit for one log line: control bytes as \xNN, cut when longer than `max_length`.
[[nodiscard]] std::string printable(std::string_view text, std::size_t max_length = kMaxShown);

// Where a value stands in its document. Refers to its parent, its key and the Report, which all have to outlive it.
class FieldPlace {
 public:
  // Adds "<path>: <text>" to the report.
  void complain(std::string_view text) const;
  // As complain(), to a report of another weight.
  void complain_in(Report& report, std::string_view text) const;

 protected:
  explicit FieldPlace(Report& report) : report_(&report) {}
  // A member of `parent`, or with an empty key the element `idx` of a list.
  FieldPlace(const FieldPlace& parent, std::string_view key, std::size_t idx)
      : parent_(&parent), report_(parent.report_), key_(key), idx_(idx) {}
  [[nodiscard]] const FieldPlace* parent() const { return parent_; }

 private:
  [[nodiscard]] std::string path() const;

  const FieldPlace* parent_ = nullptr;
  Report* report_;
  std::string_view key_;
  std::size_t idx_ = 0;
};

// Refers to its parent, the Value and the Report, which all have to outlive it: chains of [] on temporaries don't
// compile. A missing member is a Field too, one that is not present(). The readers below give nothing, without a
// complaint, for what is not present, and nothing with a complaint for what is of the wrong type.
class Field : public FieldPlace {
 public:
  Field(const Value& document, Report& report) : FieldPlace(report), value_(&document) {}

  [[nodiscard]] bool present() const { return value_ != nullptr && value_->kind != Value::Kind::null; }
  [[nodiscard]] bool given() const { return value_ != nullptr; }  // present, or an explicit null
  [[nodiscard]] bool is_string() const;
  // Member of a mapping.
  [[nodiscard]] Field operator[](std::string_view key) const&;
  Field operator[](std::string_view key) const&& = delete;
  // Elements of a list; 0 when not present.
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] Field at(std::size_t idx) const&;
  Field at(std::size_t idx) const&& = delete;
  // Names of the members of a mapping.
  [[nodiscard]] const std::vector<std::string>& keys() const;

  [[nodiscard]] std::optional<std::string_view> string() const;
  [[nodiscard]] std::optional<std::int64_t> integer() const;
  [[nodiscard]] std::optional<bool> boolean() const;

  // "<path>: is missing, expected <what>", unless it is present.
  void require(std::string_view what) const;
  // As require(), for a list: one without elements is not enough.
  void require_elements(std::string_view what) const;
  // "<path>: <value> is <what>, expected <expected>".
  void complain_type(std::string_view expected) const;
  // The value as complaints show it: 70000, "80", a list.
  [[nodiscard]] std::string shown() const;

 private:
  Field(const Field& parent, const Value* value, std::string_view key, std::size_t idx)
      : FieldPlace(parent, key, idx), value_(value) {}
  [[nodiscard]] bool is_map() const;  // complains of a present value that is none, and of one with a repeated key

  const Value* value_;
};

}  // namespace sp::source
