// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/config.h"

#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <iterator>

#include "loader/util/ticks.h"

namespace sp::agent {
namespace {

// Far above any real configuration; keeps a wrong file name (a disk image, say) from filling the memory.
constexpr std::uintmax_t kMaxFileBytes = 1 << 20;

template <typename T>
void store_word(T& row, T value) {
  static_assert(sizeof(T) == 4);
  __atomic_store(&row, &value, __ATOMIC_RELAXED);
}

}  // namespace

Result<Config> load_config(const std::filesystem::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) {
    return errno_error(errno, "--config " + file.string() + ": cannot be read");
  }
  if (!S_ISREG(info.st_mode)) {
    return Error{0, "--config " + file.string() + ": is not a file"};
  }
  if (static_cast<std::uintmax_t>(info.st_size) > kMaxFileBytes) {
    return Error{0, "--config " + file.string() + ": is larger than 1 MiB: expected a short YAML file"};
  }
  std::ifstream stream(file);
  if (!stream) {
    return errno_error(errno, "--config " + file.string() + ": cannot be opened");
  }
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  return parse_config(text, file.string());
}

std::uint32_t to_ticks(std::chrono::seconds span) {
  return ticks_of_seconds(static_cast<std::uint32_t>(span.count()));
}

void store(const Config& config, sp_config_val& row) {
  store_word(row.timeouts.tcp_established_ticks, to_ticks(config.timeouts.tcp_established));
  store_word(row.timeouts.tcp_close_wait_ticks, to_ticks(config.timeouts.tcp_close_wait));
  store_word(row.timeouts.tcp_time_wait_ticks, to_ticks(config.timeouts.tcp_time_wait));
  store_word(row.timeouts.tcp_close_ticks, to_ticks(config.timeouts.tcp_close));
  store_word(row.timeouts.udp_stream_ticks, to_ticks(config.timeouts.udp_stream));
  for (std::size_t i = 0; i < std::size(row.snat_ports); ++i) {
    constexpr sp_port_range kEmpty{.first = 1, .last = 0};
    const bool given = i < config.snat_ports.size();
    store_word(row.snat_ports[i],
               given ? sp_port_range{.first = config.snat_ports[i].first, .last = config.snat_ports[i].last} : kEmpty);
  }
}

}  // namespace sp::agent
