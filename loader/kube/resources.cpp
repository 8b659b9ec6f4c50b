// SPDX-License-Identifier: Apache-2.0
#include "loader/kube/resources.h"

namespace sp::kube {

using model::Kind;

std::string query_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

Resource resource_of(Kind kind, std::string_view node_name) {
  const auto labels = [](std::string_view selector) { return "labelSelector=" + query_encoded(selector); };
  const auto fields = [](std::string_view selector) { return "fieldSelector=" + query_encoded(selector); };
  const std::string node(node_name);
  switch (kind) {
    case Kind::service:
      return {.name = "services",
              .path = "/api/v1/services",
              .selector = labels("!service.kubernetes.io/service-proxy-name") + "&" + fields("spec.clusterIP!=None"),
              // Headless Services come along then, and decoding leaves them out.
              .older_selector = labels("!service.kubernetes.io/service-proxy-name"),
              .without = "no Service can be programmed"};
    case Kind::endpoint_slice:
      return {.name = "endpointslices.discovery.k8s.io",
              .path = "/apis/discovery.k8s.io/v1/endpointslices",
              .selector = labels("!service.kubernetes.io/headless"),
              .without = "no Service can be programmed"};
    case Kind::pod:
      return {.name = "pods",
              .path = "/api/v1/pods",
              .selector = fields("spec.nodeName=" + node),
              .without = "hostPort of Pods does not work"};
    case Kind::node:
      return {.name = "nodes",
              .path = "/api/v1/nodes",
              .selector = fields("metadata.name=" + node),
              .without = "the zone of this node and its addresses in the cluster are unknown"};
    case Kind::service_cidr:
      break;
  }
  return {.name = "servicecidrs.networking.k8s.io",
          .path = "/apis/networking.k8s.io/v1/servicecidrs",
          .selector = "",
          .without = "packets to ClusterIPs that no Service has are not dropped",
          .may_be_unknown = true};
}

}  // namespace sp::kube
