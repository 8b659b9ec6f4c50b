// SPDX-License-Identifier: Apache-2.0
#include "loader/kernel/windowed_array.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <new>

#include "loader/util/log.h"

namespace sp::kernel {
namespace {

constexpr int kReserved = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

}  // namespace

Result<std::unique_ptr<MapWindows>> MapWindows::reserve(MapFd map, std::size_t row_bytes) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t bytes = (map.max_entries * row_bytes + page - 1) / page * page;
  void* memory = ::mmap(nullptr, bytes, PROT_NONE, kReserved, -1, 0);
  if (memory == MAP_FAILED) return map_error(errno, map, "reserve addresses");
  std::unique_ptr<MapWindows> windows(
      new MapWindows(std::move(map), row_bytes, static_cast<std::byte*>(memory), bytes));
  // Fails here if it fails at all: a map of another make cannot be mapped.
  const std::size_t first = windows->bytes_of(0);
  if (::mmap(memory, first, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, windows->map_.fd.get(), 0) == MAP_FAILED) {
    return map_error(errno, windows->map_, "mmap");
  }
  windows->is_in_[0] = true;
  return windows;
}

MapWindows::MapWindows(MapFd map, std::size_t row_bytes, std::byte* memory, std::size_t bytes)
    : map_(std::move(map)),
      rows_per_window_(kBytes / row_bytes),
      memory_(memory),
      bytes_(bytes),
      is_in_((bytes + kBytes - 1) / kBytes) {}

MapWindows::~MapWindows() {
  ::munmap(memory_, bytes_);
}

std::size_t MapWindows::bytes_of(std::size_t window) const {
  return std::min(kBytes, bytes_ - window * kBytes);
}

void MapWindows::map_window(std::size_t window) {
  const auto offset = static_cast<off_t>(window * kBytes);
  if (::mmap(memory_ + window * kBytes, bytes_of(window), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, map_.fd.get(),
             offset) == MAP_FAILED) {
    log::error("maps", "{}", map_error(errno, map_, "mmap").text());
    throw std::bad_alloc();
  }
  is_in_[window] = true;
}

void MapWindows::let_go(std::size_t window) {
  // The reservation stays: nobody else's memory may come to lie there.
  if (::mmap(memory_ + window * kBytes, bytes_of(window), PROT_NONE, kReserved | MAP_FIXED, -1, 0) == MAP_FAILED) {
    return;  // then it stays in memory
  }
  is_in_[window] = false;
}

bool MapWindows::is_zero(std::size_t window) const {
  const auto* words = reinterpret_cast<const std::uint64_t*>(memory_ + window * kBytes);
  return std::all_of(words, words + bytes_of(window) / sizeof *words, [](std::uint64_t word) { return word == 0; });
}

void MapWindows::for_each_written(const std::function<void(std::size_t first, std::size_t end)>& visit) {
  for (std::size_t window = 0; window < is_in_.size(); ++window) {
    const bool was_in = is_in_[window];
    if (!was_in) map_window(window);
    if (!is_zero(window)) {
      visit(window * rows_per_window_, std::min<std::size_t>((window + 1) * rows_per_window_, rows()));
    } else if (!was_in) {
      let_go(window);
    }
  }
}

}  // namespace sp::kernel
