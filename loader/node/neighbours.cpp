// SPDX-License-Identifier: Apache-2.0
#include "loader/node/neighbours.h"

namespace sp::node {

bool Neighbours::observe(std::uint32_t ifindex, const Ip& ip, std::string_view link_address) {
  const std::vector<unsigned char> address(link_address.begin(), link_address.end());
  const auto found = known_.find({ifindex, ip});
  if (found != known_.end()) {
    const bool changed = found->second != address;
    found->second = address;
    return changed;
  }
  const bool forget = known_.size() >= kMaxRemembered;
  if (forget) known_.clear();
  known_.emplace(std::pair(ifindex, ip), address);
  return forget;
}

}  // namespace sp::node
