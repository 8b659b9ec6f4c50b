// SPDX-License-Identifier: Apache-2.0
// Desired: the rows that the maps should hold, before ids are given out. Output of compile(), input of sync/.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "loader/compile/backend_set.h"
#include "loader/compile/shared_name.h"
#include "loader/util/ip.h"
#include "maps/network.h"
#include "maps/service.h"

namespace sp::compile {

// One row of policy + backend set.
struct ServiceRow {
  BackendSet backends;  // sorted, no duplicates: order is the round-robin order
  // Every endpoint of this service port that serves, chosen or not. A backend that leaves this set while it is not
  // empty has its generation bumped, which moves its UDP flows.
  BackendSet serving;
  std::uint32_t flags = 0;               // SP_SERVICE_*
  std::uint32_t affinity_timeout_s = 0;  // with SP_SERVICE_AFFINITY

  bool operator==(const ServiceRow&) const = default;
};

struct Frontend {
  Ip ip;
  std::uint16_t port = 0;  // host order
  Protocol protocol = Protocol::tcp;
  sp_scope scope = SP_SCOPE_EXTERNAL;

  auto operator<=>(const Frontend&) const = default;
};

struct FrontendRow {
  SharedName service;       // key in Desired::services
  std::uint16_t flags = 0;  // SP_FRONTEND_*
  sp_frontend_kind kind = SP_KIND_CLUSTER_IP;

  bool operator==(const FrontendRow&) const = default;
};

// A range that ClusterIPs lie in. `allocated`: a ServiceCIDR, whose other addresses are nobody's.
struct ServiceNetwork {
  Prefix range;
  bool allocated = false;

  auto operator<=>(const ServiceNetwork&) const = default;
};

// The row of sp_networks. At most SP_MAX_SERVICE_NETS ranges of each family.
struct Networks {
  std::vector<Prefix> pods;  // at most one of each family
  // Not sorted: packets go by the first that holds an address, so allocated ones come before wider covers.
  std::vector<ServiceNetwork> services;

  bool operator==(const Networks&) const = default;
};

// A row's name is at most SP_NAME_BYTES - 1 bytes: "namespace/name:port/TCP@v4" for frontends of the Cluster policy,
// "namespace/name:port/TCP@v4-local" for those of the Local one, "hostport:ns/pod:8086/TCP@v4".
struct Desired {
  std::map<std::string, ServiceRow> services;
  std::map<Frontend, FrontendRow> frontends;
  std::map<std::string, std::vector<Prefix>> source_ranges;  // by service name; only rows whose frontends use them
  Networks networks;
  std::map<Ip, sp_service_ip> service_ips;

  bool operator==(const Desired&) const = default;
};

}  // namespace sp::compile
