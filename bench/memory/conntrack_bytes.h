// SPDX-License-Identifier: Apache-2.0
// What a connection costs the kernel's own connection tracking, with the NAT that kube-proxy's rules ask of it.
#pragma once

#include <cstdint>
#include <vector>

#include "loader/util/result.h"

namespace sp::bench {

struct ConntrackBytes {
  std::uint64_t connections = 0;
  double entry = 0;       // growth of the slab nf_conntrack, in bytes for each connection
  double extensions = 0;  // growth of kmalloc's slabs, which hold an entry's NAT and other extensions

  [[nodiscard]] double total() const { return entry + extensions; }
};

// Opens UDP connections to a ClusterIP in a network namespace of its own, which is gone afterwards: in as many steps as
// `steps` says, each of that many, and looks at /proc/slabinfo before and after each. One namespace for all, and none
// begun before the slabs keep still: the kernel takes its time to free those of one that is gone. What else the machine
// allocates meanwhile is in the figure of the extensions.
[[nodiscard]] Result<std::vector<ConntrackBytes>> measure_conntrack(unsigned steps, std::uint64_t connections);

}  // namespace sp::bench
