// SPDX-License-Identifier: Apache-2.0
// base64 (RFC 4648) as kubeconfigs carry it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sp::access {

// Blanks and line breaks are skipped. Nothing when the rest is not base64 with its padding.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);
[[nodiscard]] std::string encode_base64(std::string_view bytes);

}  // namespace sp::access
