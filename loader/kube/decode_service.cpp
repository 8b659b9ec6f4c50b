// SPDX-License-Identifier: Apache-2.0
// Service, core/v1 (service-semantics 1.3, 2.10).
#include <array>
#include <utility>

#include "loader/kube/decode.h"
#include "loader/source/field_types.h"

namespace sp::kube {
namespace {

using model::ServiceType;
using model::TrafficPolicy;

constexpr std::int64_t kDefaultAffinityTimeoutS = 10800;
constexpr std::int64_t kMaxAffinityTimeoutS = 86400;
constexpr const char* kForeignProxyLabel = "service.kubernetes.io/service-proxy-name";

void add_cluster_ip(const Ip& ip, model::Service& service) {
  bool& has_family = ip.family() == Family::v4 ? service.ipv4 : service.ipv6;
  if (!has_family) {
    has_family = true;
    service.cluster_ips.push_back(ip);
  }
}

// Address i is that of family i; a server that knows no ipFamilies has only clusterIP. A family without an
// address does not exist.
void read_cluster_ips(const JsonField& spec, model::Service& service) {
  service.ipv4 = service.ipv6 = false;
  const JsonField single = spec["clusterIP"];
  const JsonField several = spec["clusterIPs"];
  const JsonField families = spec["ipFamilies"];
  if (const auto text = single.string(); text == "None") {
    service.headless = true;
    return;
  }
  if (families.size() == 0 || several.size() == 0) {
    if (const auto ip = source::read_ip(single)) {
      add_cluster_ip(*ip, service);
    }
    return;
  }
  std::vector<Family> wanted;
  families.for_each([&wanted](const JsonField& field) {
    wanted.push_back(source::read_choice<Family>(field, {{"IPv4", Family::v4}, {"IPv6", Family::v6}}, Family::v4));
  });
  std::size_t idx = 0;
  several.for_each([&](const JsonField& field) {
    const std::size_t at = idx++;
    if (field.string() == "None") {
      service.headless = true;
      return;
    }
    const auto ip = source::read_ip(field);
    if (!ip || at >= wanted.size()) {
      return;
    }
    if (ip->family() != wanted[at]) {
      field.complain(field.shown() + " is not of the family " + std::string(source::to_string(wanted[at])) +
                     " that spec.ipFamilies names");
      return;
    }
    add_cluster_ip(*ip, service);
  });
}

void read_ports(const JsonField& list, model::Service& service) {
  service.ports.reserve(list.size());
  list.for_each([&service](const JsonField& field) {
    const JsonField number = field["port"];
    number.require("a port (1 to 65535)");
    model::ServicePort port;
    port.name = source::read_string(field["name"]);
    port.protocol = source::read_protocol(field["protocol"]);
    port.port = source::read_port(number);
    port.node_port = source::read_port_or_none(field["nodePort"]);
    port.target_port = port.port;
    service.ports.push_back(std::move(port));
  });
}

void read_affinity(const JsonField& spec, model::Service& service) {
  if (!source::read_choice<bool>(spec["sessionAffinity"], {{"None", false}, {"ClientIP", true}}, false)) {
    return;
  }
  const JsonField config = spec["sessionAffinityConfig"];
  const JsonField client = config["clientIP"];
  const JsonField timeout = client["timeoutSeconds"];
  const std::int64_t seconds = timeout.integer().value_or(kDefaultAffinityTimeoutS);
  if (seconds < 1 || seconds > kMaxAffinityTimeoutS) {
    timeout.complain(timeout.shown() + " is not a timeout (1 to 86400 seconds)");
    return;
  }
  service.affinity_timeout_s = static_cast<std::uint32_t>(seconds);
}

TrafficPolicy read_policy(const JsonField& field) {
  return source::read_choice<TrafficPolicy>(
      field, {{"Cluster", TrafficPolicy::cluster}, {"Local", TrafficPolicy::local}}, TrafficPolicy::cluster);
}

bool exists_in(const model::Service& service, Family family) {
  return family == Family::v4 ? service.ipv4 : service.ipv6;
}

// Entries of a family that the Service does not have are left out in silence.
void read_outside(const JsonField& object, const JsonField& spec, model::Service& service, source::Report& remarks) {
  spec["externalIPs"].for_each([&](const JsonField& field) {
    const auto ip = read_host_ip_or_remark(field, remarks);
    if (ip && exists_in(service, ip->family())) {
      service.external_ips.push_back(*ip);
    }
  });
  spec["loadBalancerSourceRanges"].for_each([&](const JsonField& field) {
    const auto range = read_prefix_or_remark(field, remarks);
    if (range) {
      service.source_ranges.push_back(*range);
    }
  });
  const JsonField status = object["status"];
  const JsonField balancer = status["loadBalancer"];
  balancer["ingress"].for_each([&](const JsonField& field) {
    // An entry without an IP has a host name and is nothing to a node.
    const bool vip = source::read_choice<bool>(field["ipMode"], {{"VIP", true}, {"Proxy", false}}, true);
    const auto ip = read_host_ip_or_remark(field["ip"], remarks);
    if (vip && ip && exists_in(service, ip->family())) {
      service.ingress_ips.push_back(*ip);
    }
  });
}

}  // namespace

std::optional<model::Service> decode_service(const JsonField& object, const model::ObjectKey& key,
                                             source::Report& remarks) {
  const JsonField metadata = object["metadata"];
  const JsonField labels = metadata["labels"];
  const JsonField spec = object["spec"];
  spec.require("an object with ports");
  model::Service service;
  service.type = source::read_choice<ServiceType>(spec["type"],
                                                  {{"ClusterIP", ServiceType::cluster_ip},
                                                   {"NodePort", ServiceType::node_port},
                                                   {"LoadBalancer", ServiceType::load_balancer},
                                                   {"ExternalName", ServiceType::external_name}},
                                                  ServiceType::cluster_ip);
  if (service.type == ServiceType::external_name || labels[kForeignProxyLabel].present()) {
    return std::nullopt;
  }
  read_cluster_ips(spec, service);
  if (service.headless || service.cluster_ips.empty()) {
    return std::nullopt;
  }
  service.meta.ns = key.ns;
  service.meta.name = key.name;
  service.meta.uid = source::read_string(metadata["uid"]);
  read_ports(spec["ports"], service);
  read_affinity(spec, service);
  read_outside(object, spec, service, remarks);
  service.external_policy = read_policy(spec["externalTrafficPolicy"]);
  service.internal_policy = read_policy(spec["internalTrafficPolicy"]);
  service.health_check_node_port = source::read_port_or_none(spec["healthCheckNodePort"]);
  return service;
}

}  // namespace sp::kube
