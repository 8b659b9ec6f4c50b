// SPDX-License-Identifier: Apache-2.0
// `sallyport status` and `sallyport get`: what the pinned maps hold, as text that ends in a newline.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "loader/util/result.h"

namespace sp::show {

enum class What : std::uint8_t { devices, frontends, services, backends, flows };
enum class Format : std::uint8_t { table, json };

// `version` is the release that prints, empty = not said.
[[nodiscard]] Result<std::string> status(const std::filesystem::path& pin_path, std::string_view version = {});
[[nodiscard]] Result<std::string> get(const std::filesystem::path& pin_path, What what, Format format);

}  // namespace sp::show
