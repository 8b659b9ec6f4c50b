// SPDX-License-Identifier: Apache-2.0
// The compile step: what people asked for + what this node is -> the rows of the maps. The one place of policy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/compile/desired.h"
#include "loader/model/cluster.h"
#include "loader/node/facts.h"

namespace sp::compile {

// What the operator configured (--config).
struct Options {
  // nodePortAddresses: empty = `primary`, the first address of each family (service-semantics App. B 1).
  std::vector<Prefix> node_port_addresses;
  // This node's address of its family, as long as the node has it.
  std::optional<Ip> node_address;
  // False: spec.externalIPs are left out.
  bool external_ips = true;
  // Whose packets are a Pod's: decides who may leave externalTrafficPolicy: Local aside.
  enum class DetectLocal : std::uint8_t { none, cluster_cidr, node_cidr, devices };
  DetectLocal detect_local = DetectLocal::none;
  std::vector<Prefix> cluster_cidrs;  // with cluster_cidr: at most one of each family
  // Pods, too, reach ClusterIPs with a source of this node.
  bool masquerade_all = false;
  // NodePorts answer processes of this node at 127.0.0.1 (R-080, App. B 2).
  bool localhost_node_ports = true;
};

// Something in the input that could not be honoured. One line each, naming object and field; logged by the caller
// when it is new.
struct Problem {
  std::string object;  // "Service default/web"
  std::string text;    // "spec.ports[0].nodePort: 30000/TCP is taken by Service default/api, which is older by name"
  auto operator<=>(const Problem&) const = default;
};

struct Output {
  Desired desired;
  std::vector<Problem> problems;
};

// Pure: same input, same output, no I/O. Rows of families, policies and precedence as in docs/architecture.md.
[[nodiscard]] Output compile(const model::Cluster& cluster, const node::Facts& facts, const Options& options);

}  // namespace sp::compile
