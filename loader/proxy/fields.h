// SPDX-License-Identifier: Apache-2.0
// Fields: ties every member of a ProxyConfig to its path in v1alpha1 ("conntrack.min"), so that the reader of files,
// the flags, /configz and the log share one list.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "loader/proxy/config.h"
#include "loader/source/value.h"
#include "loader/util/result.h"

namespace sp::proxy {

// logging.flushFrequency: a duration, or nanoseconds as a plain number, which is also how it is written.
struct FlushFrequency {
  Duration* span;
};

// Where a value is kept: a pointer into the ProxyConfig that fields() was given.
using Slot = std::variant<bool*, std::int32_t*, std::uint32_t*, float*, Duration*, FlushFrequency, std::string*,
                          std::vector<std::string>*, std::map<std::string, bool>*, std::vector<VModule>*>;

struct Field {
  std::string_view path;
  Slot slot;
  // In a file, 0 stands for the default: v1alpha1 cannot tell it from a field that is left out.
  bool zero_is_default = false;
};

// All of v1alpha1 but apiVersion and kind, in its order.
[[nodiscard]] std::vector<Field> fields(ProxyConfig& config);
[[nodiscard]] const Field* find_field(const std::vector<Field>& all, std::string_view path);

// Errors begin with "is": the caller names file and field.
// From a file. A null leaves the default.
[[nodiscard]] Result<void> read_value(const Slot& slot, const source::Value& value);
// From a flag of Go. Lists and maps grow.
[[nodiscard]] Result<void> read_text(const Slot& slot, const std::string& text);
// As the file has it; scalars that are strings are marked as quoted, an empty list is a null.
[[nodiscard]] source::Value written(const Slot& slot);
// On one line for a message: 14, "nftables", [10.0.0.0/8, fd00::/8].
[[nodiscard]] std::string shown(const Slot& slot);
// 0, "", an empty list or false.
[[nodiscard]] bool is_zero(const Slot& slot);
// Both of the same kind.
void copy_value(const Slot& from, const Slot& to);

}  // namespace sp::proxy
