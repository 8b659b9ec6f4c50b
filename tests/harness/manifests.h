// SPDX-License-Identifier: Apache-2.0
// The YAML of Services, EndpointSlices and Pods, as far as lab tests vary it. Dual-stack, TCP and UDP on one number.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/harness/lab.h"

namespace sp::test {

struct BackendSpec {
  Host host;                 // a Pod, or a node for a Pod in the host's network
  std::string node;          // its node's name
  bool terminating = false;  // still serves, in its grace
};

// "n2p1" -> node "n2"; "n2" -> node "n2".
[[nodiscard]] BackendSpec backend(const Lab& lab, const std::string& host_name);

struct ServiceSpec {
  std::string name;
  unsigned number = 1;  // makes its cluster IPs; one for each service of a test
  std::uint16_t port = 80;
  std::uint16_t target_port = 8080;
  std::uint16_t node_port = 0;              // 0: none
  std::vector<std::string> ingress = {};    // status.loadBalancer addresses; makes it a LoadBalancer
  std::vector<std::string> externals = {};  // spec.externalIPs
  std::vector<BackendSpec> backends = {};
  bool external_local = false;  // externalTrafficPolicy: Local
  bool internal_local = false;  // internalTrafficPolicy: Local
  bool affinity = false;        // sessionAffinity: ClientIP, the default time
};

// The Service and one EndpointSlice for each family.
[[nodiscard]] std::string manifest(const ServiceSpec& service);

struct HostPortSpec {
  BackendSpec pod;
  std::uint16_t host_port = 0;
  std::uint16_t container_port = 8080;
};

// The Pod, with its hostPort for TCP and UDP on every address of its node.
[[nodiscard]] std::string manifest(const HostPortSpec& pod);

}  // namespace sp::test
