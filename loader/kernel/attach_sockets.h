// SPDX-License-Identifier: Apache-2.0
// Socket hooks at a cgroup: links on connect, sendmsg, recvmsg and getpeername of both families.
//
// Promises: idempotent; links that an earlier agent pinned for the same cgroup get the new programs in place, those of
// another cgroup are replaced; programs of others are never touched.
#pragma once

#include <bpf/libbpf.h>

#include <cstddef>
#include <filesystem>

#include "loader/util/result.h"

namespace sp::kernel {

// Attaches the programs of `programs` that are named in maps/names.h. True when every link was there already.
[[nodiscard]] Result<bool> attach_socket_hooks(const std::filesystem::path& pin_path,
                                               const std::filesystem::path& cgroup, const bpf_object* programs);

// Detaches what is pinned and removes the pins; gives their number. Takes names that this version does not know, too.
[[nodiscard]] Result<std::size_t> withdraw_socket_hooks(const std::filesystem::path& pin_path);

}  // namespace sp::kernel
