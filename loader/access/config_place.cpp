// SPDX-License-Identifier: Apache-2.0
#include "loader/access/config_place.h"

#include <utility>

#include "loader/access/base64.h"

namespace sp::access {
namespace {

using source::Value;

std::string kind_of(const Value& value) {
  switch (value.kind) {
    case Value::Kind::list:
      return "a list";
    case Value::Kind::map:
      return "a mapping";
    case Value::Kind::scalar:
      return "a single value";
    case Value::Kind::null:
      break;
  }
  return "nothing";
}

}  // namespace

Result<const Value*> ConfigPlace::member(std::string_view key) const {
  if (value_ == nullptr || value_->kind == Value::Kind::null) {
    return nullptr;
  }
  if (value_->kind != Value::Kind::map) {
    return Error{0, "kubeconfig " + file_.string() + ": " + way_ + " is " + kind_of(*value_) +
                        ": expected a mapping with '" + std::string(key) + "'"};
  }
  const Value* found = value_->find(key);
  return found == nullptr || found->kind == Value::Kind::null ? nullptr : found;
}

bool ConfigPlace::has(std::string_view key) const {
  const auto found = member(key);
  return found && *found != nullptr;
}

ConfigPlace ConfigPlace::at(std::string_view key) const {
  const auto found = member(key);
  return {*this, (way_.empty() ? "" : ".") + std::string(key), found ? *found : value_};
}

Result<std::string> ConfigPlace::text(std::string_view key) const {
  SP_TRY_ASSIGN(found, member(key));
  if (found == nullptr) {
    return std::string();
  }
  if (found->kind != Value::Kind::scalar) {
    return error(key, "is " + kind_of(*found) + ": expected a text");
  }
  return found->text;
}

Result<bool> ConfigPlace::boolean(std::string_view key) const {
  SP_TRY_ASSIGN(word, text(key));
  if (word != "true" && word != "false" && !word.empty()) {
    return error(key, "is neither true nor false");
  }
  return word == "true";
}

Result<std::vector<ConfigPlace>> ConfigPlace::list(std::string_view key) const {
  SP_TRY_ASSIGN(found, member(key));
  std::vector<ConfigPlace> places;
  if (found == nullptr) {
    return places;
  }
  if (found->kind != Value::Kind::list) {
    return error(key, "is " + kind_of(*found) + ": expected a list");
  }
  const ConfigPlace whole = at(key);
  for (std::size_t i = 0; i < found->items.size(); ++i) {
    places.push_back(ConfigPlace(whole, "[" + std::to_string(i) + "]", &found->items[i]));
  }
  return places;
}

Result<std::vector<std::string>> ConfigPlace::texts(std::string_view key) const {
  SP_TRY_ASSIGN(places, list(key));
  std::vector<std::string> words;
  for (const ConfigPlace& place : places) {
    if (place.value_->kind != Value::Kind::scalar) {
      return error(key, "contains " + kind_of(*place.value_) + ": expected texts");
    }
    words.push_back(place.value_->text);
  }
  return words;
}

Result<std::filesystem::path> ConfigPlace::path(std::string_view key) const {
  SP_TRY_ASSIGN(name, text(key));
  const std::filesystem::path path(name);
  return path.empty() || path.is_absolute() ? path : (file_.parent_path() / path).lexically_normal();
}

Result<std::string> ConfigPlace::decoded(std::string_view key, const std::string& encoded) const {
  auto bytes = decode_base64(encoded);
  if (!bytes) {
    return error(key, "is not base64: expected the file's content as `base64 -w0 FILE` prints it");
  }
  return std::move(*bytes);
}

Error ConfigPlace::error(std::string_view key, const std::string& what) const {
  return Error{
      0, "kubeconfig " + file_.string() + ": " + way_ + (way_.empty() ? "" : ".") + std::string(key) + " " + what};
}

}  // namespace sp::access
