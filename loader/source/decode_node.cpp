// SPDX-License-Identifier: Apache-2.0
// Node, core/v1: addresses, Pod ranges and zone (service-semantics 1.8).
#include <utility>

#include "loader/source/decode.h"
#include "loader/source/field_types.h"

namespace sp::source {
namespace {

void read_addresses(const Field& list, std::string_view wanted_type, model::Node& node) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Field entry = list.at(i);
    const Field type = entry["type"];
    type.require("InternalIP or ExternalIP");
    if (read_string(type) != wanted_type) {  // Hostname and the DNS names are no addresses
      continue;
    }
    const Field address = entry["address"];
    address.require("an IP address");
    if (const auto ip = read_ip(address)) {
      node.addresses.push_back(*ip);
    }
  }
}

}  // namespace

model::Node decode_node(const Field& object, model::Meta meta) {
  const Field spec = object["spec"];
  const Field status = object["status"];
  const Field addresses = status["addresses"];
  model::Node node;
  node.meta = std::move(meta);
  read_addresses(addresses, "InternalIP", node);
  read_addresses(addresses, "ExternalIP", node);
  if (const auto zone = node.meta.labels.find("topology.kubernetes.io/zone"); zone != node.meta.labels.end()) {
    node.zone = zone->second;
  }
  const Field several = spec["podCIDRs"];
  for (std::size_t i = 0; i < several.size(); ++i) {
    if (const auto range = read_prefix(several.at(i))) {
      node.pod_cidrs.push_back(*range);
    }
  }
  if (several.size() == 0) {
    if (const auto range = read_prefix(spec["podCIDR"])) {
      node.pod_cidrs.push_back(*range);
    }
  }
  return node;
}

}  // namespace sp::source
