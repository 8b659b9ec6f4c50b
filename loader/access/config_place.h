// SPDX-License-Identifier: Apache-2.0
// ConfigPlace: one value of a kubeconfig with its way from the top, for typed reads whose errors say where. Pure.
//
// Errors never quote what they found: it may be a secret.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "loader/source/value.h"
#include "loader/util/result.h"

namespace sp::access {

class ConfigPlace {
 public:
  // The top of the document. `value` outlives this object and all that come from it.
  ConfigPlace(std::filesystem::path file, const source::Value& value) : file_(std::move(file)), value_(&value) {}

  [[nodiscard]] bool has(std::string_view key) const;
  // The member `key`; one that is absent is empty.
  [[nodiscard]] ConfigPlace at(std::string_view key) const;
  // Members that are absent or null are "", false, an empty list.
  [[nodiscard]] Result<std::string> text(std::string_view key) const;
  [[nodiscard]] Result<bool> boolean(std::string_view key) const;
  [[nodiscard]] Result<std::vector<ConfigPlace>> list(std::string_view key) const;
  [[nodiscard]] Result<std::vector<std::string>> texts(std::string_view key) const;
  // A relative path is taken from the folder of the file.
  [[nodiscard]] Result<std::filesystem::path> path(std::string_view key) const;
  // What `encoded`, the member `key`, means as base64.
  [[nodiscard]] Result<std::string> decoded(std::string_view key, const std::string& encoded) const;

  // "kubeconfig FILE: users[3].user.KEY WHAT"
  [[nodiscard]] Error error(std::string_view key, const std::string& what) const;

 private:
  ConfigPlace(const ConfigPlace& parent, const std::string& step, const source::Value* value)
      : file_(parent.file_), way_(parent.way_ + step), value_(value) {}
  // Null for a member that is absent; an error when there can be no members.
  [[nodiscard]] Result<const source::Value*> member(std::string_view key) const;

  std::filesystem::path file_;
  std::string way_;
  const source::Value* value_;
};

}  // namespace sp::access
