// SPDX-License-Identifier: Apache-2.0
// Cluster: everything that the sources say exists. Filled by source/, read by compile/; no I/O.
#pragma once

#include <map>

#include "loader/model/endpoint_slice.h"
#include "loader/model/node.h"
#include "loader/model/pod.h"
#include "loader/model/service.h"
#include "loader/model/service_cidr.h"

namespace sp::model {

struct Cluster {
  std::map<ObjectKey, Service> services;
  std::map<ObjectKey, EndpointSlice> endpoint_slices;
  std::map<ObjectKey, Pod> pods;
  std::map<ObjectKey, Node> nodes;
  std::map<ObjectKey, ServiceCidr> service_cidrs;
  // True once every source has listed everything once. Nothing is deleted from the maps before (R-005, I6).
  bool complete = false;

  bool operator==(const Cluster&) const = default;
};

}  // namespace sp::model
