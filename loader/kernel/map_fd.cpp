// SPDX-License-Identifier: Apache-2.0
// Opening maps and checking that they are what the code thinks they are.
#include "loader/kernel/map_fd.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <spdlog/fmt/fmt.h>

#include <cerrno>

namespace sp::kernel {
namespace {

Result<void> check_shape(const MapFacts& facts, const MapShape& expected, const std::string& name) {
  const MapShape& found = facts.shape;
  if (found.type == expected.type && found.key_bytes == expected.key_bytes &&
      found.value_bytes == expected.value_bytes) {
    return {};
  }
  return Error{0, fmt::format("map {}: pinned with type {}, {}-byte keys and {}-byte values, expected type {}, {} and "
                              "{}: it was made by another version; remove it with `sallyport cleanup`",
                              name, static_cast<int>(found.type), found.key_bytes, found.value_bytes,
                              static_cast<int>(expected.type), expected.key_bytes, expected.value_bytes)};
}

}  // namespace

Result<MapFacts> map_facts(int fd, const std::string& name) {
  bpf_map_info info{};
  __u32 info_bytes = sizeof info;
  if (const int err = bpf_obj_get_info_by_fd(fd, &info, &info_bytes); err < 0) {
    return errno_error(err, "map " + name + ": read its description");
  }
  return MapFacts{
      {static_cast<bpf_map_type>(info.type), info.key_size, info.value_size}, info.max_entries, info.map_flags};
}

Result<MapFd> open_pinned_map(const std::filesystem::path& pin_path, const std::string& name, const MapShape& expected,
                              Access access) {
  LIBBPF_OPTS(bpf_obj_get_opts, options);
  options.file_flags = access == Access::read_only ? BPF_F_RDONLY : 0;
  Fd fd(bpf_obj_get_opts((pin_path / name).c_str(), &options));
  if (!fd.valid()) return errno_error(errno, "map " + (pin_path / name).string() + ": open");
  SP_TRY_ASSIGN(facts, map_facts(fd.get(), name));
  SP_TRY(check_shape(facts, expected, name));
  return MapFd{std::move(fd), name, facts.max_entries};
}

Result<MapFd> share_map(int fd, const std::string& name, const MapShape& expected) {
  Fd own(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!own.valid()) return errno_error(errno, "map " + name + ": duplicate its descriptor");
  SP_TRY_ASSIGN(facts, map_facts(own.get(), name));
  SP_TRY(check_shape(facts, expected, name));
  return MapFd{std::move(own), name, facts.max_entries};
}

Error map_error(int err, const MapFd& map, const char* operation) {
  const int code = err < 0 ? -err : err;
  // Hash tables answer E2BIG when full, LPM tries ENOSPC.
  if (code == E2BIG || code == ENOSPC) {
    return Error{code, fmt::format("map {}: {}: full ({} entries)", map.name, operation, map.max_entries)};
  }
  return Error{code, fmt::format("map {}: {}", map.name, operation)};
}

}  // namespace sp::kernel
