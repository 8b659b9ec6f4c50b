// SPDX-License-Identifier: Apache-2.0
// ServiceCIDR (networking.k8s.io/v1): prefixes from which ClusterIPs are allocated.
#pragma once

#include <vector>

#include "loader/model/meta.h"
#include "loader/util/ip.h"

namespace sp::model {

struct ServiceCidr {
  Meta meta;
  std::vector<Prefix> cidrs;  // spec.cidrs: one, or one of each family

  bool operator==(const ServiceCidr&) const = default;
};

}  // namespace sp::model
