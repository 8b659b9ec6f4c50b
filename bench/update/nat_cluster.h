// SPDX-License-Identifier: Apache-2.0
// The cluster of the fake API server as rules of kube-proxy's shape are generated from it: the same Services, ports
// and endpoints on both sides of the comparison.
#pragma once

#include <vector>

#include "bench/kernel_nat/rules.h"
#include "tests/harness/fake_api/scale.h"

namespace sp::bench {

[[nodiscard]] NatService nat_service(const fake_api::Scale& scale, unsigned index);
[[nodiscard]] std::vector<NatService> nat_cluster(const fake_api::Scale& scale);

}  // namespace sp::bench
