// SPDX-License-Identifier: Apache-2.0
// Reads a small file whole, without waiting for a pipe or a terminal that somebody put in its place.
#pragma once

#include <filesystem>
#include <string>

#include "loader/util/result.h"

namespace sp::access {

// The error begins with the path. Files of more than 4 MiB are refused.
[[nodiscard]] Result<std::string> read_text_file(const std::filesystem::path& path);

}  // namespace sp::access
