// SPDX-License-Identifier: Apache-2.0
// PageToken: what `continue` carries: where the next page starts, and in which state of the world. Opaque to clients.
#pragma once

#include <optional>
#include <string>

#include "tests/harness/fake_api/store.h"

namespace sp::fake_api {

struct PageToken {
  std::optional<Version> version;  // nothing = whatever is newest: the token of an error message
  std::string after;               // key of the last object of the page before
  std::string list;                // resource, namespace and selectors that the token belongs to

  [[nodiscard]] std::string encode() const;
  // Nothing = none of ours.
  [[nodiscard]] static std::optional<PageToken> decode(const std::string& text);
};

}  // namespace sp::fake_api
