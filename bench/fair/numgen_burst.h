// SPDX-License-Identifier: Apache-2.0
// Datagrams of new flows through the kernel's NAT with nftables rules of kube-proxy's shape, on all CPUs at once.
#pragma once

#include <vector>

#include "bench/fair/tally.h"
#include "tests/harness/sandbox.h"

namespace sp::bench {

// One datagram each from `flows` sockets to the ClusterIP of a Service with `backends` endpoints, in a network
// namespace that is made for it: its connection table is empty. Who got it is read from the address that it was
// received at. Throws when one is not received.
[[nodiscard]] Tally burst_of_datagrams(test::Sandbox& sandbox, const std::vector<int>& cpus, std::size_t backends,
                                       std::size_t flows);

}  // namespace sp::bench
