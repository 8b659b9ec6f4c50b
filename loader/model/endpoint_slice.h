// SPDX-License-Identifier: Apache-2.0
// EndpointSlice (discovery.k8s.io/v1) with its nil defaults applied (service-semantics 1.4, 1.5).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/model/meta.h"
#include "loader/util/ip.h"

namespace sp::model {

struct Endpoint {
  Ip address;           // addresses[0]
  bool ready = true;    // nil = true
  bool serving = true;  // nil = true
  bool terminating = false;
  std::string node_name;  // empty = unknown, so remote
  std::vector<std::string> zone_hints;
  std::vector<std::string> node_hints;

  bool operator==(const Endpoint&) const = default;
};

struct EndpointPort {
  std::string name;
  Protocol protocol = Protocol::tcp;
  std::uint16_t port = 0;

  bool operator==(const EndpointPort&) const = default;
};

struct EndpointSlice {
  Meta meta;
  std::string service_name;  // label kubernetes.io/service-name, never empty here
  Family family = Family::v4;
  std::vector<EndpointPort> ports;  // entries with a nil name or port are left out
  std::vector<Endpoint> endpoints;

  bool operator==(const EndpointSlice&) const = default;
};

}  // namespace sp::model
