// SPDX-License-Identifier: Apache-2.0
#include "loader/kube/json_field.h"

#include <algorithm>

namespace sp::kube {
namespace {

using simdjson::dom::element_type;

std::string_view type_of(const simdjson::dom::element& value) {
  switch (value.type()) {
    case element_type::OBJECT:
      return "an object";
    case element_type::ARRAY:
      return "a list";
    case element_type::STRING:
      return "a string";
    case element_type::BOOL:
      return "a boolean";
    case element_type::NULL_VALUE:
      return "null";
    case element_type::INT64:
    case element_type::UINT64:
    case element_type::DOUBLE:
      break;
  }
  return "a number";
}

bool is_scalar(const simdjson::dom::element& value) {
  return !value.is_object() && !value.is_array();
}

}  // namespace

JsonField JsonField::operator[](std::string_view key) const& {
  std::optional<simdjson::dom::element> found;
  if (value_) {
    simdjson::dom::object members;
    if (value_->get(members) != simdjson::SUCCESS) {
      complain_type("an object");
    } else if (simdjson::dom::element member; members.at_key(key).get(member) == simdjson::SUCCESS) {
      found = member;
    }
  }
  return JsonField(*this, found, key, 0);
}

void JsonField::find(std::span<const std::string_view> keys,
                     std::span<std::optional<simdjson::dom::element>> found) const {
  if (!value_) {
    return;
  }
  simdjson::dom::object members;
  if (value_->get(members) != simdjson::SUCCESS) {
    complain_type("an object");
    return;
  }
  std::size_t missing = keys.size();
  for (const simdjson::dom::key_value_pair member : members) {
    const auto key = std::find(keys.begin(), keys.end(), member.key);
    if (key == keys.end()) {
      continue;
    }
    auto& value = found[static_cast<std::size_t>(key - keys.begin())];
    if (!value) {
      value = member.value;
      if (--missing == 0) {
        return;
      }
    }
  }
}

std::optional<simdjson::dom::array> JsonField::array() const {
  if (!value_) {
    return std::nullopt;
  }
  simdjson::dom::array list;
  if (value_->get(list) != simdjson::SUCCESS) {
    complain_type("a list");
    return std::nullopt;
  }
  return list;
}

std::size_t JsonField::size() const {
  const auto list = array();
  return list ? list->size() : 0;
}

std::optional<std::string_view> JsonField::string() const {
  std::string_view text;
  if (!value_) {
    return std::nullopt;
  }
  if (value_->get(text) != simdjson::SUCCESS) {
    complain_type("a string");
    return std::nullopt;
  }
  return text;
}

std::optional<std::int64_t> JsonField::integer() const {
  std::int64_t number = 0;
  if (!value_) {
    return std::nullopt;
  }
  if (value_->get(number) != simdjson::SUCCESS) {
    complain_type(value_->is_number() ? "a whole number" : "a number");
    return std::nullopt;
  }
  return number;
}

std::optional<bool> JsonField::boolean() const {
  bool truth = false;
  if (!value_) {
    return std::nullopt;
  }
  if (value_->get(truth) != simdjson::SUCCESS) {
    complain_type("true or false");
    return std::nullopt;
  }
  return truth;
}

void JsonField::require(std::string_view what) const {
  const auto* const above = static_cast<const JsonField*>(parent());
  // Where the parent is no object, that has been said already.
  const bool in_object = above == nullptr || !above->value_ || above->value_->is_object();
  if (!present() && in_object) {
    complain("is missing, expected " + std::string(what));
  }
}

std::string JsonField::shown() const {
  if (!value_) {
    return "nothing";
  }
  if (std::string_view text; value_->get(text) == simdjson::SUCCESS) {
    return '"' + source::printable(text) + '"';
  }
  return is_scalar(*value_) ? simdjson::minify(*value_) : std::string(type_of(*value_));
}

void JsonField::complain_type(std::string_view expected) const {
  const std::string subject = is_scalar(*value_) ? shown() + " is " : "is ";
  complain(subject + std::string(type_of(*value_)) + ", expected " + std::string(expected));
}

}  // namespace sp::kube
