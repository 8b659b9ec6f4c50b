// SPDX-License-Identifier: Apache-2.0
// The kernel's connection table of one network namespace: how full it is, what it refused, and a way to empty it.
#pragma once

#include <cstdint>
#include <string>

#include "loader/util/result.h"

namespace sp::bench {

struct Conntrack {
  std::uint64_t entries = 0;
  std::uint64_t limit = 0;
  // Since the namespace exists, all CPUs together.
  std::uint64_t dropped = 0;        // packets of new connections that found the table full
  std::uint64_t early_dropped = 0;  // entries that were thrown out to make room for new ones
  std::uint64_t insert_failed = 0;  // connections that lost a race for their tuple
};

[[nodiscard]] Result<Conntrack> read_conntrack(const std::string& netns);
// Forgets every connection of the namespace, as `conntrack -F` does.
[[nodiscard]] Result<void> empty_conntrack(const std::string& netns);

}  // namespace sp::bench
