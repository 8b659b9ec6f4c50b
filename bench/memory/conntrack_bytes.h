// SPDX-License-Identifier: Apache-2.0
// What a connection costs the kernel's own connection tracking, with the NAT that kube-proxy's rules ask of it.
#pragma once

#include <cstdint>

#include "loader/util/result.h"

namespace sp::bench {

struct ConntrackBytes {
  std::uint64_t connections = 0;
  double entry = 0;       // growth of the slab nf_conntrack, in bytes for each connection
  double extensions = 0;  // growth of kmalloc's slabs, which hold an entry's NAT and other extensions

  [[nodiscard]] double total() const { return entry + extensions; }
};

// Opens that many UDP connections to a ClusterIP in a network namespace of its own, which is gone afterwards, and looks
// at /proc/slabinfo before and after. What else the machine allocates meanwhile is in the figure of the extensions.
[[nodiscard]] Result<ConntrackBytes> measure_conntrack(std::uint64_t connections);

}  // namespace sp::bench
