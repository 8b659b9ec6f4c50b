// SPDX-License-Identifier: Apache-2.0
// bpffs, the pin directory and its ABI version.
#include "loader/kernel/pin.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <spdlog/fmt/fmt.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "loader/kernel/map_fd.h"
#include "loader/util/log.h"
#include "maps/abi.h"
#include "maps/names.h"

namespace sp::kernel {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBpffs = "/sys/fs/bpf";

Result<bool> on_bpffs(const fs::path& path) {
  struct statfs facts {};
  if (::statfs(path.c_str(), &facts) != 0) return errno_error(errno, path.string() + ": ask for its file system");
  return static_cast<std::uint32_t>(facts.f_type) == BPF_FS_MAGIC;
}

// The deepest part of `path` that exists.
fs::path existing_part(fs::path path) {
  std::error_code ignored;
  while (path.has_relative_path() && !fs::exists(path, ignored)) path = path.parent_path();
  return path;
}

bool lies_under(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_normal().lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

Error not_bpffs(const fs::path& pin_path) {
  return Error{0, fmt::format("pin path {} is not on a BPF file system: run `mount -t bpf bpf {}` first, or use a "
                              "--pin-path under {}",
                              pin_path.string(), pin_path.parent_path().string(), kBpffs)};
}

// The lock keeps two agents that start at once from mounting one bpffs over the other's pins: it is taken on the
// folder below the mount, which both still see.
Result<void> mount_bpffs() {
  const Fd folder(::open(kBpffs, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return errno_error(errno, fmt::format("{}: open", kBpffs));
  if (::flock(folder.get(), LOCK_EX) != 0) return errno_error(errno, fmt::format("{}: lock", kBpffs));
  SP_TRY_ASSIGN(mounted_meanwhile, on_bpffs(kBpffs));
  if (mounted_meanwhile) return {};
  if (::mount("bpf", kBpffs, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0) {
    return errno_error(errno, fmt::format("mount a BPF file system on {}", kBpffs));
  }
  log::info("kernel", "mounted a BPF file system on {}", kBpffs);
  return {};
}

}  // namespace

Result<void> make_pin_directory(const fs::path& pin_path) {
  SP_TRY_ASSIGN(ready, on_bpffs(existing_part(pin_path)));
  if (!ready && lies_under(pin_path, kBpffs)) {
    SP_TRY(mount_bpffs());
    SP_TRY_ASSIGN(mounted, on_bpffs(existing_part(pin_path)));
    ready = mounted;
  }
  if (!ready) return not_bpffs(pin_path);
  for (const char* folder : {SP_LINK_DIR, SP_SOCKET_DIR}) {
    std::error_code error;
    fs::create_directories(pin_path / folder, error);
    if (error) return errno_error(error.value(), "pin path " + pin_path.string() + ": create");
  }
  return {};
}

Result<bool> pin_directory_exists(const fs::path& pin_path) {
  struct stat facts {};
  if (::stat(pin_path.c_str(), &facts) != 0) {
    if (errno == ENOENT) return false;
    return errno_error(errno, "pin path " + pin_path.string());
  }
  SP_TRY_ASSIGN(bpffs, on_bpffs(pin_path));
  if (!bpffs || !S_ISDIR(facts.st_mode)) return not_bpffs(pin_path);
  return true;
}

Result<Fd> lock_pin_directory(const fs::path& pin_path) {
  using namespace std::chrono_literals;
  Fd folder(::open(pin_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return errno_error(errno, "pin path " + pin_path.string() + ": open");
  // A killed agent holds its lock until the kernel has torn it down, which takes a while with large maps.
  for (const auto end = std::chrono::steady_clock::now() + 3s;;) {
    if (::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) return folder;
    if (errno != EWOULDBLOCK) return errno_error(errno, "pin path " + pin_path.string() + ": lock");
    if (std::chrono::steady_clock::now() >= end) break;
    std::this_thread::sleep_for(20ms);
  }
  return Error{0, fmt::format("an agent is running with --pin-path {}: stop it first, or use another --pin-path",
                              pin_path.string())};
}

Result<void> check_abi(const fs::path& pin_path) {
  const fs::path pin = pin_path / "sp_config";
  const Fd fd(bpf_obj_get(pin.c_str()));
  if (!fd.valid()) {
    if (errno == ENOENT) return {};
    return errno_error(errno, "map " + pin.string() + ": open");
  }
  SP_TRY_ASSIGN(facts, map_facts(fd.get(), "sp_config"));
  // Read with the map's own size: another version's row need not have ours. The version is its first word, always.
  std::vector<unsigned char> row(facts.shape.value_bytes + sizeof(__u64));
  const __u32 first = 0;
  __u32 version = 0;
  if (facts.shape.key_bytes == sizeof first) {
    if (const int err = bpf_map_lookup_elem(fd.get(), &first, row.data()); err < 0) {
      return errno_error(err, "map " + pin.string() + ": read the ABI version");
    }
    std::memcpy(&version, row.data(), sizeof version);
  }
  // Zero: an agent was killed between creating the maps and its first store; nothing is in them.
  if (version == SP_ABI_VERSION || version == 0) return {};
  return Error{0, fmt::format("the maps under {} have ABI version {}, this sallyport has {}: run the sallyport that "
                              "made them, or remove them with `sallyport cleanup --pin-path {}`",
                              pin_path.string(), version, SP_ABI_VERSION, pin_path.string())};
}

fs::path link_pin(const fs::path& pin_path, const std::string& program, std::uint32_t ifindex) {
  return pin_path / SP_LINK_DIR / fmt::format("{}-{}", program, ifindex);
}

}  // namespace sp::kernel
