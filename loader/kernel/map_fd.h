// SPDX-License-Identifier: Apache-2.0
// MapFd: a BPF map as a file descriptor with the facts that its users need; the untyped floor under Map<K,V>.
//
// Promises: a pinned map is opened only when its type, key size and value size are the expected ones.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "loader/util/fd.h"
#include "loader/util/result.h"

namespace sp::kernel {

// What the kernel and the code must agree on.
struct MapShape {
  bpf_map_type type = BPF_MAP_TYPE_UNSPEC;
  std::uint32_t key_bytes = 0;
  std::uint32_t value_bytes = 0;
};

struct MapFacts {
  MapShape shape;
  std::uint32_t max_entries = 0;
  std::uint32_t flags = 0;  // BPF_F_*
};

enum class Access : std::uint8_t { read_write, read_only };

struct MapFd {
  Fd fd;
  std::string name;
  std::uint32_t max_entries = 0;
};

[[nodiscard]] Result<MapFacts> map_facts(int fd, const std::string& name);

// Opens `pin_path`/`name`. A missing pin is Error.err == ENOENT.
[[nodiscard]] Result<MapFd> open_pinned_map(const std::filesystem::path& pin_path, const std::string& name,
                                            const MapShape& expected, Access access);
// A descriptor of our own for a map that somebody else (a skeleton) holds open.
[[nodiscard]] Result<MapFd> share_map(int fd, const std::string& name, const MapShape& expected);

// An Error whose text names map and operation; a full map says so and gives its size.
[[nodiscard]] Error map_error(int err, const MapFd& map, const char* operation);

}  // namespace sp::kernel
