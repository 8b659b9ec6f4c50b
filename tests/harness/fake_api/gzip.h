// SPDX-License-Identifier: Apache-2.0
// gzip: a body as Content-Encoding gzip wants it. PackedBodies: each body once.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace sp::fake_api {

[[nodiscard]] std::string gzip(const std::string& plain);

// Who lists what was listed before gets it without the work of packing it: a server's CPU is not the one of its
// clients, and here it is. From any thread.
class PackedBodies {
 public:
  [[nodiscard]] std::string of(const std::string& plain);

 private:
  // By size and hash of the body, which may be large.
  using Key = std::pair<std::size_t, std::size_t>;

  std::mutex mutex_;
  std::map<Key, std::string> packed_;
  std::size_t bytes_ = 0;
};

}  // namespace sp::fake_api
