// SPDX-License-Identifier: Apache-2.0
// The pin directory: where maps and links outlive the agent.
//
// Promises: nothing is made or removed outside a BPF file system; one process at a time owns a pin directory; a
// directory of another ABI version is refused.
#pragma once

#include <filesystem>
#include <string>

#include "loader/util/fd.h"
#include "loader/util/result.h"

namespace sp::kernel {

// Makes sure that `pin_path` exists on a BPF file system, with its links/ and sockets/ folders. Mounts bpffs on
// /sys/fs/bpf when `pin_path` lies there and nothing is mounted yet.
[[nodiscard]] Result<void> make_pin_directory(const std::filesystem::path& pin_path);

// True when `pin_path` is a directory on a BPF file system, false when it does not exist, an Error when it is
// something else.
[[nodiscard]] Result<bool> pin_directory_exists(const std::filesystem::path& pin_path);

// Exclusive use of `pin_path` until the descriptor is closed, by death too. Waits a moment for a dying predecessor.
[[nodiscard]] Result<Fd> lock_pin_directory(const std::filesystem::path& pin_path);

// Refuses maps of another ABI version. Fine when there are none.
[[nodiscard]] Result<void> check_abi(const std::filesystem::path& pin_path);

// Where the link of `program` at a device is pinned.
[[nodiscard]] std::filesystem::path link_pin(const std::filesystem::path& pin_path, const std::string& program,
                                             std::uint32_t ifindex);

}  // namespace sp::kernel
