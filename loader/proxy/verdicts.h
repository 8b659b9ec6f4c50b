// SPDX-License-Identifier: Apache-2.0
// Verdicts: every flag of kube-proxy and every field of v1alpha1, and what becomes of it here. The command line, its
// help, the log and docs/kube-proxy-flags.md are made of this list. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "loader/proxy/config.h"
#include "loader/proxy/flags.h"

namespace sp::proxy {

enum class Verdict : std::uint8_t {
  supported,  // means here what it means there
  ignored,    // accepted; the log says so once
  silent,     // accepted without a word: there is nothing that its author could miss
  refused,    // an error: going on would be another thing than what was asked for
};
[[nodiscard]] std::string_view to_string(Verdict verdict);

enum class Takes : std::uint8_t { value, boolean };  // a boolean stands alone or with =true or =false

struct Setting {
  std::string_view flag;    // without dashes; empty = a field only
  std::string_view fields;  // paths, separated by blanks; empty = a flag only
  Takes takes = Takes::value;
  Verdict verdict = Verdict::supported;
  std::string_view effect;  // what Sallyport does with it or instead: half a sentence
};

[[nodiscard]] std::span<const Setting> settings();
[[nodiscard]] const Setting* find_setting(std::string_view flag);
[[nodiscard]] std::vector<std::string> paths_of(const Setting& setting);

// "accepted and ignored: ..." for each such field that differs from its default, and for each such flag without a
// field.
[[nodiscard]] std::vector<std::string> ignored(const ProxyConfig& config, const std::vector<GivenFlag>& flags);
// Each refused field or flag that is in use: "FIELD: is VALUE: ...".
[[nodiscard]] std::vector<std::string> refused(const ProxyConfig& config);

}  // namespace sp::proxy
