// SPDX-License-Identifier: Apache-2.0
#include "bench/memory/map_bytes.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include "loader/util/fd.h"

namespace sp::bench {
namespace {

MapBytes read_fdinfo(int fd) {
  MapBytes map;
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(fd));
  for (std::string line; std::getline(info, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (name == "memlock:") words >> map.bytes;
    if (name == "max_entries:") words >> map.max_entries;
  }
  return map;
}

}  // namespace

Result<std::map<std::string, MapBytes>> map_bytes(const std::filesystem::path& pin_path) {
  std::map<std::string, MapBytes> maps;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(pin_path, error)) {
    if (!entry.is_regular_file()) continue;
    const Fd fd(bpf_obj_get(entry.path().c_str()));
    if (!fd.valid()) return errno_error(errno, entry.path().string() + ": open");
    const MapBytes map = read_fdinfo(fd.get());
    if (map.max_entries != 0) maps.emplace(entry.path().filename().string(), map);
  }
  if (error) return Error{error.value(), pin_path.string() + ": list"};
  if (maps.empty()) return Error{0, pin_path.string() + ": no maps are pinned here"};
  return maps;
}

}  // namespace sp::bench
