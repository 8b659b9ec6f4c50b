// SPDX-License-Identifier: Apache-2.0
// Discovery: what clients such as kubectl ask before anything else: groups, versions and resources.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sp::fake_api {

// The document at "/api", "/apis", "/api/v1" or "/apis/GROUP/VERSION"; nothing = no such path.
[[nodiscard]] std::optional<std::string> discovery_document(std::string_view path);

}  // namespace sp::fake_api
