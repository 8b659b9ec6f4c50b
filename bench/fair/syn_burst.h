// SPDX-License-Identifier: Apache-2.0
// SYNs of new connections through the shipped XDP program, on all CPUs at once.
#pragma once

#include <vector>

#include "bench/fair/tally.h"

namespace sp::bench {

// One connection attempt each from `flows` source ports to a NodePort with `backends` Pods on another node. Who got it
// is read from the port that the frame was sent on to. Throws when a frame was not sent on.
[[nodiscard]] Tally burst_of_syns(const std::vector<int>& cpus, std::size_t backends, std::size_t flows);

}  // namespace sp::bench
