// SPDX-License-Identifier: Apache-2.0
// MapBytes: kernel memory of pinned BPF maps, as the kernel itself reports it ("memlock" in the fdinfo of a map:
// buckets, elements and their bookkeeping, of maps without preallocation as far as elements are there).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "loader/util/result.h"

namespace sp::bench {

struct MapBytes {
  std::uint64_t bytes = 0;
  std::uint32_t max_entries = 0;
};

// Every map that is pinned right under `pin_path`, by name.
[[nodiscard]] Result<std::map<std::string, MapBytes>> map_bytes(const std::filesystem::path& pin_path);

}  // namespace sp::bench
