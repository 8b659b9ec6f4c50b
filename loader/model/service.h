// SPDX-License-Identifier: Apache-2.0
// Service (core/v1): the fields that act on the data plane (service-semantics 1.3). Values are validated by the source.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "loader/model/meta.h"
#include "loader/util/ip.h"

namespace sp::model {

enum class ServiceType : std::uint8_t { cluster_ip, node_port, load_balancer, external_name };
enum class TrafficPolicy : std::uint8_t { cluster, local };

// spec.ports[].targetPort: a number, or the name of a container port.
using TargetPort = std::variant<std::uint16_t, std::string>;

struct ServicePort {
  std::string name;  // empty for the single unnamed port
  Protocol protocol = Protocol::tcp;
  std::uint16_t port = 0;
  std::uint16_t node_port = 0;  // 0 = none
  TargetPort target_port;       // defaults to `port`; read only when endpoints come from Pods

  bool operator==(const ServicePort&) const = default;
};

struct Service {
  Meta meta;
  ServiceType type = ServiceType::cluster_ip;
  std::vector<Ip> cluster_ips;  // empty when headless; standalone manifests may have none at all
  bool headless = false;        // spec.clusterIP: None
  // Families that the Service exists in. Standalone manifests without clusterIP(s) and ipFamilies exist in both.
  bool ipv4 = true;
  bool ipv6 = true;
  std::vector<ServicePort> ports;
  std::vector<Ip> external_ips;
  std::vector<Ip> ingress_ips;  // status.loadBalancer.ingress[].ip with ipMode VIP or none
  std::vector<Prefix> source_ranges;
  TrafficPolicy external_policy = TrafficPolicy::cluster;
  TrafficPolicy internal_policy = TrafficPolicy::cluster;
  std::optional<std::uint32_t> affinity_timeout_s;  // set when sessionAffinity is ClientIP; default 10800
  std::uint16_t health_check_node_port = 0;
  Labels selector;
  bool publish_not_ready = false;
  bool foreign_proxy = false;  // has the label service.kubernetes.io/service-proxy-name: not ours

  bool operator==(const Service&) const = default;
};

}  // namespace sp::model
