// SPDX-License-Identifier: Apache-2.0
// Neighbours: remembers which link-layer address every neighbour had last.
//
// Flows cache link-layer addresses. One that changes makes them wrong; one that is learned for the first time, expires
// or is confirmed does not. So an expired entry is remembered: it may come back with another address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "loader/util/ip.h"

namespace sp::node {

class Neighbours {
 public:
  // Beyond this many, everything is forgotten at once, which counts as a change.
  static constexpr std::size_t kMaxRemembered = 65536;

  // True when cached next hops may be wrong now.
  [[nodiscard]] bool observe(std::uint32_t ifindex, const Ip& ip, std::string_view link_address);

 private:
  std::map<std::pair<std::uint32_t, Ip>, std::vector<unsigned char>> known_;
};

}  // namespace sp::node
