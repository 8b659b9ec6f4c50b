// SPDX-License-Identifier: Apache-2.0
// Pod (core/v1): what hostPort and selector-made endpoints need.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/model/meta.h"
#include "loader/util/ip.h"

namespace sp::model {

struct ContainerPort {
  std::string name;
  Protocol protocol = Protocol::tcp;
  std::uint16_t container_port = 0;
  std::uint16_t host_port = 0;  // 0 = none
  // spec hostIP: none = every local address of both families; 0.0.0.0 and :: = every one of that family.
  std::optional<Ip> host_ip;

  bool operator==(const ContainerPort&) const = default;
};

enum class PodPhase : std::uint8_t { pending, running, succeeded, failed, unknown };

struct Pod {
  Meta meta;
  std::string node_name;
  bool host_network = false;
  std::vector<ContainerPort> ports;    // regular containers, and init containers with restartPolicy Always (App. B 5)
  std::vector<Ip> ips;                 // status.podIPs, else status.podIP; at most one of each family
  PodPhase phase = PodPhase::running;  // a manifest without status.phase counts as running
  bool ready = true;                   // condition Ready; absent in a manifest = true
  bool terminating = false;            // metadata.deletionTimestamp is set
  std::int64_t created_s = 0;          // metadata.creationTimestamp, seconds since the epoch; 0 = unknown

  bool operator==(const Pod&) const = default;
};

}  // namespace sp::model
