// SPDX-License-Identifier: Apache-2.0
// Service, core/v1: service-semantics 1.3, 2.7, 2.8, 2.10. Rejects what the API server would not store, so that compile
// only meets Services that could exist in a cluster.
#include <algorithm>
#include <utility>

#include "loader/source/decode.h"
#include "loader/source/field_types.h"

namespace sp::source {
namespace {

constexpr std::int64_t kDefaultAffinityTimeoutS = 10800;
constexpr std::int64_t kMaxAffinityTimeoutS = 86400;
constexpr const char* kForeignProxyLabel = "service.kubernetes.io/service-proxy-name";

model::TargetPort read_target_port(const Field& field, std::uint16_t port) {
  if (!field.present()) {
    return port;
  }
  if (field.is_string()) {
    const std::string name = read_string(field);
    if (name.empty()) {
      return port;
    }
    return name;
  }
  // 0 means "same as port", as in Kubernetes.
  const std::uint16_t number = read_port_or_none(field);
  return number == 0 ? port : number;
}

model::ServicePort read_service_port(const Field& field, bool needs_name) {
  const Field name = field["name"];
  const Field port = field["port"];
  const Field target = field["targetPort"];
  if (needs_name) {
    name.require("a name, as the Service has several ports");
  }
  port.require("a port (1 to 65535)");
  model::ServicePort out;
  out.name = read_string(name);
  out.protocol = read_protocol(field["protocol"]);
  out.port = read_port(port);
  out.node_port = read_port_or_none(field["nodePort"]);
  out.target_port = read_target_port(target, out.port);
  return out;
}

std::string number_and_protocol(std::uint16_t port, Protocol protocol) {
  return std::to_string(port) + "/" + std::string(to_string(protocol));
}

// Two ports of one Service may share neither name, (port, protocol) nor (nodePort, protocol).
void reject_repeated_port(const Field& field, const model::ServicePort& port, const model::ServicePort& earlier,
                          std::size_t earlier_idx) {
  const std::string where = " is also that of spec.ports[" + std::to_string(earlier_idx) + "], expected another one";
  if (port.name == earlier.name) {
    field["name"].complain("\"" + printable(port.name) + "\"" + where);
  }
  if (port.protocol != earlier.protocol) {
    return;
  }
  if (port.port != 0 && port.port == earlier.port) {
    field["port"].complain(number_and_protocol(port.port, port.protocol) + where);
  }
  if (port.node_port != 0 && port.node_port == earlier.node_port) {
    field["nodePort"].complain(number_and_protocol(port.node_port, port.protocol) + where);
  }
}

void read_ports(const Field& list, model::Service& service) {
  const bool named_only = list.size() > 1;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Field field = list.at(i);
    model::ServicePort port = read_service_port(field, named_only);
    if (port.node_port != 0 && service.type == model::ServiceType::cluster_ip) {
      field["nodePort"].complain(std::to_string(port.node_port) +
                                 " is given, expected none as spec.type is ClusterIP and neither NodePort nor "
                                 "LoadBalancer");
    }
    for (std::size_t j = 0; j < i; ++j) {
      reject_repeated_port(field, port, service.ports[j], j);
    }
    service.ports.push_back(std::move(port));
  }
  if (service.type != model::ServiceType::external_name && !service.headless) {
    list.require_elements("at least one port");
  }
}

void add_cluster_ip(const Field& field, model::Service& service) {
  if (field.string() == "None") {
    service.headless = true;
    return;
  }
  const auto ip = read_routable_ip(field);
  if (!ip) {
    return;
  }
  for (const Ip& other : service.cluster_ips) {
    if (other.family() == ip->family()) {
      field.complain(field.shown() + " is a second " + std::string(to_string(ip->family())) +
                     " address, expected at most one of each family");
      return;
    }
  }
  service.cluster_ips.push_back(*ip);
}

// clusterIPs wins over clusterIP, which the API keeps equal to its first entry.
void read_cluster_ips(const Field& spec, model::Service& service) {
  const Field single = spec["clusterIP"];
  const Field several = spec["clusterIPs"];
  for (std::size_t i = 0; i < several.size(); ++i) {
    add_cluster_ip(several.at(i), service);
  }
  if (several.size() == 0) {
    add_cluster_ip(single, service);
    return;
  }
  const Field first = several.at(0);
  const auto expected = first.string();
  if (single.present() && expected && single.string() != expected) {
    const auto one = read_ip(single);
    if (!one || Ip::parse(*expected) != one) {
      single.complain(single.shown() + " differs from spec.clusterIPs[0], expected " + first.shown());
    }
  }
}

// A Service exists in the families that it names, else in those of its addresses, else in both.
void read_families(const Field& list, model::Service& service) {
  const auto in_use = [&service](Family family) {
    return std::any_of(service.cluster_ips.begin(), service.cluster_ips.end(),
                       [family](const Ip& ip) { return ip.family() == family; });
  };
  if (list.size() == 0) {
    service.ipv4 = service.cluster_ips.empty() || in_use(Family::v4);
    service.ipv6 = service.cluster_ips.empty() || in_use(Family::v6);
    return;
  }
  service.ipv4 = service.ipv6 = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Field field = list.at(i);
    const Family family = read_choice<Family>(field, {{"IPv4", Family::v4}, {"IPv6", Family::v6}}, Family::v4);
    (family == Family::v4 ? service.ipv4 : service.ipv6) = true;
    if (i < service.cluster_ips.size() && service.cluster_ips[i].family() != family) {
      field.complain(field.shown() + " is not the family of cluster IP " + service.cluster_ips[i].text() +
                     ", expected " + std::string(to_string(service.cluster_ips[i].family())));
    }
  }
  if (service.cluster_ips.size() > list.size()) {
    list.complain("names fewer families than there are cluster IPs, expected one for each");
  }
}

void read_affinity(const Field& spec, model::Service& service) {
  const bool by_client = read_choice<bool>(spec["sessionAffinity"], {{"None", false}, {"ClientIP", true}}, false);
  const Field config = spec["sessionAffinityConfig"];
  const Field client = config["clientIP"];
  const Field timeout = client["timeoutSeconds"];
  const std::int64_t seconds = timeout.integer().value_or(kDefaultAffinityTimeoutS);
  if (seconds < 1 || seconds > kMaxAffinityTimeoutS) {
    timeout.complain(timeout.shown() + " is not a timeout (1 to 86400 seconds)");
  } else if (by_client) {
    service.affinity_timeout_s = static_cast<std::uint32_t>(seconds);
  }
}

model::TrafficPolicy read_policy(const Field& field) {
  using enum model::TrafficPolicy;
  return read_choice<model::TrafficPolicy>(field, {{"Cluster", cluster}, {"Local", local}}, cluster);
}

// Addresses and ranges of a family that the Service does not have are taken in silence: compile skips them.
void read_external_addresses(const Field& spec, model::Service& service) {
  const Field externals = spec["externalIPs"];
  for (std::size_t i = 0; i < externals.size(); ++i) {
    if (const auto ip = read_routable_ip(externals.at(i))) {
      service.external_ips.push_back(*ip);
    }
  }
  const Field ranges = spec["loadBalancerSourceRanges"];
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (const auto range = read_prefix(ranges.at(i))) {
      service.source_ranges.push_back(*range);
    }
  }
}

void read_ingress(const Field& status, model::Service& service) {
  const Field balancer = status["loadBalancer"];
  const Field ingress = balancer["ingress"];
  for (std::size_t i = 0; i < ingress.size(); ++i) {
    const Field entry = ingress.at(i);
    const bool vip = read_choice<bool>(entry["ipMode"], {{"VIP", true}, {"Proxy", false}}, true);
    const auto ip = read_routable_ip(entry["ip"]);
    if (vip && ip) {
      service.ingress_ips.push_back(*ip);
    }
  }
}

}  // namespace

model::Service decode_service(const Field& object, model::Meta meta) {
  using enum model::ServiceType;
  const Field spec = object["spec"];
  spec.require("a mapping with ports");
  model::Service service;
  service.foreign_proxy = meta.labels.contains(kForeignProxyLabel);
  service.meta = std::move(meta);
  service.type = read_choice<model::ServiceType>(spec["type"],
                                                 {{"ClusterIP", cluster_ip},
                                                  {"NodePort", node_port},
                                                  {"LoadBalancer", load_balancer},
                                                  {"ExternalName", external_name}},
                                                 cluster_ip);
  if (!spec.present()) {
    return service;
  }
  read_cluster_ips(spec, service);
  read_families(spec["ipFamilies"], service);
  read_ports(spec["ports"], service);
  read_affinity(spec, service);
  read_external_addresses(spec, service);
  read_ingress(object["status"], service);
  service.external_policy = read_policy(spec["externalTrafficPolicy"]);
  service.internal_policy = read_policy(spec["internalTrafficPolicy"]);
  service.health_check_node_port = read_port_or_none(spec["healthCheckNodePort"]);
  service.selector = read_labels(spec["selector"]);
  service.publish_not_ready = spec["publishNotReadyAddresses"].boolean().value_or(false);
  return service;
}

}  // namespace sp::source
