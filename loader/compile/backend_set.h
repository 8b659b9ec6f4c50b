// SPDX-License-Identifier: Apache-2.0
// Backend, and BackendSet: an immutable list of backends that copies share. A cluster of a million endpoints has each
// of them once in memory, although the compile step, what is desired and what is in force all hold it.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

#include "loader/util/ip.h"

namespace sp::compile {

struct Backend {
  Ip ip;
  std::uint16_t port = 0;  // host order
  bool local = false;      // on this node: keeps the client's address (SP_BACKEND_LOCAL)

  auto operator<=>(const Backend&) const = default;
};

// Reads like a const vector. To change one, assign another.
class BackendSet {
 public:
  BackendSet() = default;
  BackendSet(std::span<const Backend> backends) : size_(backends.size()) {
    if (size_ != 0) {
      const auto copy = std::make_shared<Backend[]>(size_);
      std::copy(backends.begin(), backends.end(), copy.get());
      backends_ = copy;
    }
  }
  BackendSet(const std::vector<Backend>& backends) : BackendSet(std::span<const Backend>(backends)) {}
  BackendSet(std::initializer_list<Backend> backends)
      : BackendSet(std::span<const Backend>(backends.begin(), backends.size())) {}

  [[nodiscard]] const Backend* data() const { return backends_.get(); }
  [[nodiscard]] const Backend* begin() const { return data(); }
  [[nodiscard]] const Backend* end() const { return data() + size_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  const Backend& operator[](std::size_t index) const { return data()[index]; }

  // Cheap for sets that share their memory.
  bool operator==(const BackendSet& other) const {
    return size_ == other.size_ && (data() == other.data() || std::equal(begin(), end(), other.begin()));
  }

 private:
  std::shared_ptr<const Backend[]> backends_;  // null when empty
  std::size_t size_ = 0;
};

}  // namespace sp::compile
