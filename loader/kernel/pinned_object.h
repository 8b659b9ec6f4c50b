// SPDX-License-Identifier: Apache-2.0
// PinnedObject: one pin under links/: a BPF link, or a program that marks a tc filter (which cannot be pinned itself).
//
// Promises: reading never changes what is pinned; withdraw() takes a link's program off its device before it returns.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "loader/util/fd.h"
#include "loader/util/result.h"

namespace sp::kernel {

enum class PinKind : std::uint8_t { link, program };

struct PinnedObject {
  std::filesystem::path path;
  PinKind kind = PinKind::link;
  Fd fd;
  std::string program;            // from the pin's name
  std::uint32_t ifindex = 0;      // from the pin's name
  std::uint32_t at_ifindex = 0;   // a link's device now, 0 = its device is gone; equal to ifindex for a program
  std::uint32_t program_id = 0;   // 0 = unknown
  std::uint32_t attach_type = 0;  // of a link: BPF_XDP or a tcx attach type; 0 for a program
};

// Nothing when there is no such pin.
[[nodiscard]] Result<std::optional<PinnedObject>> open_pin(const std::filesystem::path& path);

// Pins under `pin_path`/links whose name has the form <program>-<ifindex>, sorted by name.
[[nodiscard]] std::vector<std::filesystem::path> list_link_pins(const std::filesystem::path& pin_path);

// "sp_xdp-7" -> ("sp_xdp", 7)
[[nodiscard]] std::optional<std::pair<std::string, std::uint32_t>> parse_pin_name(const std::string& name);

// Pins `fd` at `path`; a leftover pin there is replaced.
[[nodiscard]] Result<void> pin_object(int fd, const std::filesystem::path& path);

// Detaches a link and removes its pin.
[[nodiscard]] Result<void> withdraw_link(const PinnedObject& link);
[[nodiscard]] Result<void> remove_pin(const std::filesystem::path& path);

// The name of a loaded program, empty when it cannot be asked.
[[nodiscard]] std::string program_name(std::uint32_t program_id);

}  // namespace sp::kernel
