// SPDX-License-Identifier: Apache-2.0
// A manifest file: which names are manifests, its text within a size limit, and its documents as objects.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "loader/source/object.h"
#include "loader/util/result.h"

namespace sp::source {

// A larger file is refused before a byte of it is read.
constexpr std::size_t kMaxManifestBytes = std::size_t{64} << 20;

// *.yaml, *.yml and *.json, not hidden.
[[nodiscard]] bool is_manifest_name(std::string_view name);

// The text of the regular file that `path` is or links to. Never blocks on a FIFO or device. The error's `err` is
// ENOENT when there is no such file or its link leads nowhere.
[[nodiscard]] Result<std::string> read_manifest(const std::filesystem::path& path);

// Everything that `text` defines. A document that does not parse is a complaint and a doubt; the others count.
[[nodiscard]] Reading parse_manifest(std::string_view text);

}  // namespace sp::source
