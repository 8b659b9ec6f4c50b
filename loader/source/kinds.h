// SPDX-License-Identifier: Apache-2.0
// What the `kind` of a document means to Sallyport.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "loader/source/object.h"

namespace sp::source {

// A kind whose objects are programmed.
struct ProgrammedKind {
  Kind kind;
  std::string_view api_version;
};

// "Service" and the like.
[[nodiscard]] std::optional<ProgrammedKind> programmed_kind(std::string_view name);
// "ServiceList" and the like give what their items are.
[[nodiscard]] std::optional<ProgrammedKind> programmed_list(std::string_view name);
// A kind of Kubernetes itself that folders of manifests are full of and that has no effect here. Other people's kinds
// are no such kinds: a misspelled Service must not pass for one of them.
[[nodiscard]] bool is_known_elsewhere(std::string_view name);

}  // namespace sp::source
