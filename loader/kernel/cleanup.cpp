// SPDX-License-Identifier: Apache-2.0
// cleanup(): removes what agents made under a pin path. Knows no map by name, so that it cleans up after other
// versions.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "loader/kernel/attach.h"
#include "loader/kernel/attach_sockets.h"
#include "loader/kernel/data_plane.h"
#include "loader/kernel/libbpf_log.h"
#include "loader/kernel/pin.h"
#include "loader/kernel/pinned_object.h"
#include "loader/kernel/requirements.h"

namespace sp::kernel {
namespace {

namespace fs = std::filesystem;

Result<std::size_t> remove_links(const fs::path& pin_path) {
  std::size_t removed = 0;
  std::vector<fs::path> pins = list_link_pins(pin_path);
  // Markers of clsact, first by name, come after the filters beneath it.
  std::reverse(pins.begin(), pins.end());
  for (const fs::path& path : pins) {
    SP_TRY_ASSIGN(pin, open_pin(path));
    if (!pin) continue;
    SP_TRY(withdraw(*pin));
    ++removed;
  }
  return removed;
}

Result<std::size_t> remove_maps(const fs::path& pin_path) {
  std::size_t removed = 0;
  std::error_code error;
  std::vector<fs::path> pins;
  for (const auto& entry : fs::directory_iterator(pin_path, error)) {
    if (!entry.is_directory() && entry.path().filename().string().starts_with("sp_")) pins.push_back(entry.path());
  }
  if (error) return errno_error(error.value(), "pin path " + pin_path.string() + ": list");
  for (const fs::path& pin : pins) {
    SP_TRY(remove_pin(pin));
    ++removed;
  }
  return removed;
}

Result<void> remove_directory(const fs::path& path) {
  if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return {};
  if (errno == ENOTEMPTY) return Error{ENOTEMPTY, "pin path " + path.string() + ": not all in it is ours, so it stays"};
  return errno_error(errno, "pin path " + path.string() + ": remove");
}

Result<CleanupReport> remove_everything(const fs::path& pin_path) {
  CleanupReport report;
  SP_TRY_ASSIGN(sockets, withdraw_socket_hooks(pin_path));
  SP_TRY_ASSIGN(links, remove_links(pin_path));
  report.links = sockets + links;
  SP_TRY_ASSIGN(maps, remove_maps(pin_path));
  report.maps = maps;
  SP_TRY(remove_directory(pin_path / SP_SOCKET_DIR));
  SP_TRY(remove_directory(pin_path / SP_LINK_DIR));
  SP_TRY(remove_directory(pin_path));
  return report;
}

}  // namespace

Result<CleanupReport> cleanup(const fs::path& pin_path) {
  route_libbpf_log();
  SP_TRY_ASSIGN(exists, pin_directory_exists(pin_path));
  if (!exists) return CleanupReport{};
  SP_TRY_ASSIGN(lock, lock_pin_directory(pin_path));
  Result<CleanupReport> report = remove_everything(pin_path);
  if (!report) return explain_privileges(std::move(report).error());
  return report;
}

}  // namespace sp::kernel
