// SPDX-License-Identifier: Apache-2.0
// Node (core/v1): addresses and zone of this node.
#pragma once

#include <string>
#include <vector>

#include "loader/model/meta.h"
#include "loader/util/ip.h"

namespace sp::model {

struct Node {
  Meta meta;
  std::vector<Ip> addresses;  // status.addresses: all InternalIP, then all ExternalIP
  std::string zone;           // label topology.kubernetes.io/zone
  std::vector<Prefix> pod_cidrs;
  bool deleting = false;    // metadata.deletionTimestamp is set
  bool autoscaled = false;  // has the taint ToBeDeletedByClusterAutoscaler: load balancers must leave it

  bool operator==(const Node&) const = default;
};

}  // namespace sp::model
