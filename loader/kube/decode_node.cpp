// SPDX-License-Identifier: Apache-2.0
// Node, core/v1, and ServiceCIDR, networking.k8s.io/v1 (service-semantics 1.1, 1.8).
#include "loader/kube/decode.h"
#include "loader/source/field_types.h"

namespace sp::kube {
namespace {

constexpr const char* kZoneLabel = "topology.kubernetes.io/zone";
constexpr const char* kAutoscalerTaint = "ToBeDeletedByClusterAutoscaler";

void read_addresses(const JsonField& list, std::string_view wanted_type, model::Node& node, source::Report& remarks) {
  list.for_each([&](const JsonField& field) {
    if (field["type"].string() != wanted_type) {  // Hostname and the DNS names are no addresses
      return;
    }
    if (const auto ip = read_ip_or_remark(field["address"], remarks)) {
      node.addresses.push_back(*ip);
    }
  });
}

}  // namespace

std::optional<model::Node> decode_node(const JsonField& object, const model::ObjectKey& key, source::Report& remarks) {
  const JsonField metadata = object["metadata"];
  const JsonField labels = metadata["labels"];
  const JsonField spec = object["spec"];
  const JsonField status = object["status"];
  const JsonField addresses = status["addresses"];
  model::Node node;
  node.meta.name = key.name;
  node.meta.uid = source::read_string(metadata["uid"]);
  node.deleting = metadata["deletionTimestamp"].present();
  node.zone = source::read_string(labels[kZoneLabel]);
  read_addresses(addresses, "InternalIP", node, remarks);
  read_addresses(addresses, "ExternalIP", node, remarks);
  const auto add_range = [&](const JsonField& field) {
    if (const auto range = read_prefix_or_remark(field, remarks)) {
      node.pod_cidrs.push_back(*range);
    }
  };
  const JsonField several = spec["podCIDRs"];
  several.for_each(add_range);
  if (several.size() == 0) {
    add_range(spec["podCIDR"]);
  }
  spec["taints"].for_each([&node](const JsonField& field) {
    node.autoscaled |= field["key"].string() == std::string_view(kAutoscalerTaint);
  });
  return node;
}

std::optional<model::ServiceCidr> decode_service_cidr(const JsonField& object, const model::ObjectKey& key,
                                                      source::Report& remarks) {
  const JsonField spec = object["spec"];
  model::ServiceCidr out;
  out.meta.name = key.name;
  spec["cidrs"].for_each([&](const JsonField& field) {
    if (const auto range = read_prefix_or_remark(field, remarks)) {
      out.cidrs.push_back(*range);
    }
  });
  return out;
}

}  // namespace sp::kube
