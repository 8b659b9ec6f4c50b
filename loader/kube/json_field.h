// SPDX-License-Identifier: Apache-2.0
// JsonField: source::Field for parsed JSON of the API: the same complaints, no tree of its own.
//
// Refers to its parent, to the parser's document and to the Report, which all have to outlive it. A null is as good as
// a missing member, as everywhere in Kubernetes.
#pragma once

#include <simdjson.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "loader/source/field.h"

namespace sp::kube {

class JsonField : public source::FieldPlace {
 public:
  JsonField(simdjson::dom::element document, source::Report& report) : FieldPlace(report), value_(document) {}

  [[nodiscard]] bool present() const { return value_.has_value(); }
  // Member of an object.
  [[nodiscard]] JsonField operator[](std::string_view key) const&;
  JsonField operator[](std::string_view key) const&& = delete;
  // Several members, found in one walk.
  template <std::size_t N>
  [[nodiscard]] std::array<JsonField, N> members(const std::array<std::string_view, N>& keys) const& {
    std::array<std::optional<simdjson::dom::element>, N> found;
    find(keys, found);
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::array<JsonField, N>{JsonField(*this, found[I], keys[I], 0)...};
    }
    (std::make_index_sequence<N>{});
  }
  template <std::size_t N>
  std::array<JsonField, N> members(const std::array<std::string_view, N>& keys) const&& = delete;
  // Calls take(JsonField) with each element of a list. Elements have no other access: by number it would be a search.
  template <typename Take>
  void for_each(Take take) const {
    const auto list = array();
    if (!list) {
      return;
    }
    std::size_t idx = 0;
    for (const simdjson::dom::element element : *list) {
      take(JsonField(*this, element, {}, idx++));
    }
  }
  // Elements of a list; 0 when not present.
  [[nodiscard]] std::size_t size() const;

  [[nodiscard]] std::optional<std::string_view> string() const;
  [[nodiscard]] std::optional<std::int64_t> integer() const;
  [[nodiscard]] std::optional<bool> boolean() const;

  // "<path>: is missing, expected <what>", unless it is present.
  void require(std::string_view what) const;
  // The value as complaints show it: 70000, "80", a list.
  [[nodiscard]] std::string shown() const;

 private:
  JsonField(const JsonField& parent, std::optional<simdjson::dom::element> value, std::string_view key, std::size_t idx)
      : FieldPlace(parent, key, idx), value_(value) {
    if (value_ && value_->is_null()) {
      value_.reset();
    }
  }
  // found[i]: the first member keys[i].
  void find(std::span<const std::string_view> keys, std::span<std::optional<simdjson::dom::element>> found) const;
  [[nodiscard]] std::optional<simdjson::dom::array> array() const;
  void complain_type(std::string_view expected) const;

  std::optional<simdjson::dom::element> value_;
};

}  // namespace sp::kube
