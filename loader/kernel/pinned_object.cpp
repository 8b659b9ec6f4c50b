// SPDX-License-Identifier: Apache-2.0
// Reading and removing the pins under links/.
#include "loader/kernel/pinned_object.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "loader/kernel/tcx.h"
#include "maps/names.h"

namespace sp::kernel {
namespace {

namespace fs = std::filesystem;

// The kernel answers a question about a program with a program's description even when a link was meant, so the kind
// of a descriptor is asked of /proc first.
Result<PinKind> kind_of(int fd, const fs::path& path) {
  std::array<char, 64> target{};
  const std::string self = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = ::readlink(self.c_str(), target.data(), target.size());
  if (length < 0) return errno_error(errno, self + ": readlink");
  const std::string_view text(target.data(), static_cast<std::size_t>(length));
  if (text.find("link") != std::string_view::npos) return PinKind::link;
  if (text.find("prog") != std::string_view::npos) return PinKind::program;
  return Error{0, "pin " + path.string() + " is neither a link nor a program: remove it"};
}

Result<void> read_link(PinnedObject& pin) {
  // Newer kernels describe a tcx link in the same place and order as these two words; linux/bpf.h of Debian 12 does
  // not name it.
  bpf_link_info info{};
  __u32 info_bytes = sizeof info;
  if (const int err = bpf_obj_get_info_by_fd(pin.fd.get(), &info, &info_bytes); err < 0) {
    return errno_error(err, "link " + pin.path.string() + ": read its description");
  }
  pin.program_id = info.prog_id;
  pin.at_ifindex = info.xdp.ifindex;
  pin.attach_type = info.type == BPF_LINK_TYPE_XDP ? static_cast<std::uint32_t>(BPF_XDP) : info.netns.attach_type;
  return {};
}

Result<void> read_program(PinnedObject& pin) {
  bpf_prog_info info{};
  __u32 info_bytes = sizeof info;
  if (const int err = bpf_obj_get_info_by_fd(pin.fd.get(), &info, &info_bytes); err < 0) {
    return errno_error(err, "program " + pin.path.string() + ": read its description");
  }
  pin.program_id = info.id;
  pin.at_ifindex = pin.ifindex;
  return {};
}

}  // namespace

Result<std::optional<PinnedObject>> open_pin(const fs::path& path) {
  PinnedObject pin;
  pin.path = path;
  pin.fd = Fd(bpf_obj_get(path.c_str()));
  if (!pin.fd.valid()) {
    if (errno == ENOENT) return std::optional<PinnedObject>{};
    return errno_error(errno, "pin " + path.string() + ": open");
  }
  if (auto name = parse_pin_name(path.filename().string())) {
    pin.program = std::move(name->first);
    pin.ifindex = name->second;
  }
  SP_TRY_ASSIGN(kind, kind_of(pin.fd.get(), path));
  pin.kind = kind;
  SP_TRY(kind == PinKind::link ? read_link(pin) : read_program(pin));
  return std::optional<PinnedObject>(std::move(pin));
}

std::vector<fs::path> list_link_pins(const fs::path& pin_path) {
  std::vector<fs::path> pins;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(pin_path / SP_LINK_DIR, error)) {
    if (parse_pin_name(entry.path().filename().string())) pins.push_back(entry.path());
  }
  std::sort(pins.begin(), pins.end());
  return pins;
}

std::optional<std::pair<std::string, std::uint32_t>> parse_pin_name(const std::string& name) {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string::npos || dash == 0) return std::nullopt;
  std::uint32_t ifindex = 0;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + dash + 1, end, ifindex);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return std::pair(name.substr(0, dash), ifindex);
}

Result<void> pin_object(int fd, const fs::path& path) {
  int err = bpf_obj_pin(fd, path.c_str());
  if (err == -EEXIST) {
    SP_TRY(remove_pin(path));
    err = bpf_obj_pin(fd, path.c_str());
  }
  if (err < 0) return errno_error(err, "pin " + path.string() + ": create");
  return {};
}

Result<void> withdraw_link(const PinnedObject& link) {
  // Removing the last pin detaches too, but some time later, from a kernel worker. ENOLINK: the device is gone.
  if (const int err = bpf_link_detach(link.fd.get()); err < 0 && err != -ENOLINK && err != -EOPNOTSUPP) {
    return errno_error(err, "link " + link.path.string() + ": detach");
  }
  return remove_pin(link.path);
}

Result<void> remove_pin(const fs::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error(errno, "pin " + path.string() + ": remove");
  return {};
}

std::string program_name(std::uint32_t program_id) {
  const Fd fd(bpf_prog_get_fd_by_id(program_id));
  if (!fd.valid()) return {};
  bpf_prog_info info{};
  __u32 info_bytes = sizeof info;
  if (bpf_obj_get_info_by_fd(fd.get(), &info, &info_bytes) < 0) return {};
  return info.name;
}

}  // namespace sp::kernel
