// SPDX-License-Identifier: Apache-2.0
// Resource: what the fake API server knows of each kind that it serves, and how request paths name them.
//
// Facts are those of the Kubernetes API reference; kinds that it does not list here are 404.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sp::fake_api {

using Json = nlohmann::json;

struct Resource {
  std::string_view group = {};  // empty = core
  std::string_view version = "v1";
  std::string_view plural;  // "services"
  std::string_view kind;    // "Service"
  bool namespaced = true;
  bool has_status = false;  // written by way of its subresource alone
  // Field selectors that the server accepts; metadata.namespace comes with `namespaced`.
  std::vector<std::string_view> selectable = {};
  // A bookmark of that type as the server's encoder writes it: fields without omitempty appear, empty.
  std::string_view empty_fields;

  [[nodiscard]] std::string api_version() const;
  [[nodiscard]] bool selects(std::string_view field) const;
};

[[nodiscard]] const std::vector<Resource>& resources();
// nullptr = not served.
[[nodiscard]] const Resource* resource_named(std::string_view group, std::string_view version, std::string_view plural);
[[nodiscard]] const Resource* resource_named(std::string_view plural);
// By the object's apiVersion and kind.
[[nodiscard]] const Resource* resource_of(const Json& object);

// What a path under /api or /apis names.
struct Place {
  const Resource* resource = nullptr;
  std::string ns;       // empty = all namespaces, or no namespace
  std::string name;     // empty = the collection
  bool status = false;  // its subresource "status"
};
[[nodiscard]] std::optional<Place> parse_place(std::string_view path);

// Identity within a resource, in the order in which lists are sorted: "default/web", "node-a".
[[nodiscard]] std::string key_of(const std::string& ns, const std::string& name);
// The string at a path of keys, "" when there is none: what field selectors compare.
[[nodiscard]] std::string field_text(const Json& object, std::string_view dotted_path);

}  // namespace sp::fake_api
