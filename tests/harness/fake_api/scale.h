// SPDX-License-Identifier: Apache-2.0
// Scale: many Services with many endpoints, for measurements, with everything that a cluster's controllers write around
// the few fields that a proxy reads: managedFields, annotations, owners, targets.
#pragma once

#include <cstddef>

#include "tests/harness/fake_api/objects.h"

namespace sp::fake_api {

struct Scale {
  unsigned services = 2500;
  unsigned endpoints = 10;   // of each Service
  unsigned per_slice = 100;  // as the controller of endpoint slices packs them
  unsigned nodes = 100;      // that the endpoints are spread over: "node-0".. ; their Node objects are not made
  bool ballast = true;
};

// Service number `index`: "svc-7" in "default", one TCP port 80; every tenth is a NodePort, every hundredth a
// LoadBalancer.
[[nodiscard]] Json scale_service(const Scale& scale, unsigned index);
// Slice number `slice` of that Service, with endpoints from slice * per_slice on.
[[nodiscard]] Json scale_slice(const Scale& scale, unsigned index, unsigned slice);
// Puts all of them.
void fill(Objects& objects, const Scale& scale);

}  // namespace sp::fake_api
