// SPDX-License-Identifier: Apache-2.0
// What every Kubernetes object has: its identity and labels.
#pragma once

#include <map>
#include <string>
#include <tuple>

namespace sp::model {

using Labels = std::map<std::string, std::string>;

// metadata of an object. Manifests without a namespace are in "default"; without a uid it is "<Kind>/<ns>/<name>".
struct Meta {
  std::string ns;
  std::string name;
  std::string uid;
  Labels labels;

  bool operator==(const Meta&) const = default;
};

// Identity of an object within its kind. Node has an empty ns.
struct ObjectKey {
  std::string ns;
  std::string name;
  auto operator<=>(const ObjectKey&) const = default;
  [[nodiscard]] std::string text() const { return ns.empty() ? name : ns + "/" + name; }
};

[[nodiscard]] inline ObjectKey key_of(const Meta& meta) {
  return {meta.ns, meta.name};
}

}  // namespace sp::model
