// SPDX-License-Identifier: Apache-2.0
// The Delta between two Desired, found by comparing all of both.
#pragma once

#include <map>
#include <vector>

#include "loader/compile/delta.h"

namespace sp::test {

template <typename Key, typename Row>
std::vector<Key> keys_that_differ(const std::map<Key, Row>& before, const std::map<Key, Row>& now) {
  std::map<Key, bool> keys;
  for (const auto& [key, row] : before) {
    const auto found = now.find(key);
    keys[key] = found == now.end() || !(found->second == row);
  }
  for (const auto& [key, row] : now) {
    keys.try_emplace(key, true);
  }
  std::vector<Key> out;
  for (const auto& [key, differs] : keys) {
    if (differs) {
      out.push_back(key);
    }
  }
  return out;
}

inline compile::Delta delta_between(const compile::Desired& before, const compile::Desired& now) {
  compile::Delta delta;
  delta.services = keys_that_differ(before.services, now.services);
  delta.frontends = keys_that_differ(before.frontends, now.frontends);
  delta.source_ranges = keys_that_differ(before.source_ranges, now.source_ranges);
  delta.networks = before.networks != now.networks;
  delta.service_ips = keys_that_differ(before.service_ips, now.service_ips);
  return delta;
}

}  // namespace sp::test
