// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/api_objects.h"

namespace sp::test {
namespace {

using Json = nlohmann::json;

Json api_service(const ServiceSpec& service) {
  const std::string number = std::to_string(service.number);
  Json ports = Json::array();
  for (const char* protocol : {"TCP", "UDP"}) {
    Json port{{"name", protocol[0] == 'T' ? "stream" : "datagram"},
              {"protocol", protocol},
              {"port", service.port},
              {"targetPort", service.target_port}};
    if (service.node_port != 0) {
      port["nodePort"] = service.node_port;
    }
    ports.push_back(std::move(port));
  }
  Json ingress = Json::array();
  for (const std::string& ip : service.ingress) {
    ingress.push_back({{"ip", ip}, {"ipMode", "VIP"}});
  }
  const char* type = !service.ingress.empty() ? "LoadBalancer" : service.node_port != 0 ? "NodePort" : "ClusterIP";
  Json object{{"apiVersion", "v1"},
              {"kind", "Service"},
              {"metadata", {{"name", service.name}, {"namespace", "default"}}},
              {"spec",
               {{"type", type},
                {"clusterIP", "10.96.0." + number},
                {"clusterIPs", {"10.96.0." + number, "fd00:96::" + number}},
                {"ipFamilies", {"IPv4", "IPv6"}},
                {"ipFamilyPolicy", "RequireDualStack"},
                {"externalTrafficPolicy", service.external_local ? "Local" : "Cluster"},
                {"internalTrafficPolicy", service.internal_local ? "Local" : "Cluster"},
                {"sessionAffinity", service.affinity ? "ClientIP" : "None"},
                {"ports", ports}}},
              {"status", {{"loadBalancer", {{"ingress", ingress}}}}}};
  if (!service.externals.empty()) {
    object["spec"]["externalIPs"] = service.externals;
  }
  return object;
}

}  // namespace

Json api_slice(const ServiceSpec& service, Family family) {
  Json endpoints = Json::array();
  for (const BackendSpec& backend : service.backends) {
    endpoints.push_back(
        {{"addresses", {backend.host.ip(family)}},
         {"nodeName", backend.node},
         {"conditions", {{"ready", !backend.terminating}, {"serving", true}, {"terminating", backend.terminating}}}});
  }
  return {{"apiVersion", "discovery.k8s.io/v1"},
          {"kind", "EndpointSlice"},
          {"metadata",
           {{"name", service.name + (family == Family::v4 ? "-v4" : "-v6")},
            {"namespace", "default"},
            {"labels", {{"kubernetes.io/service-name", service.name}}}}},
          {"addressType", to_string(family)},
          {"ports",
           {{{"name", "stream"}, {"protocol", "TCP"}, {"port", service.target_port}},
            {{"name", "datagram"}, {"protocol", "UDP"}, {"port", service.target_port}}}},
          {"endpoints", endpoints}};
}

std::vector<Json> api_objects(const ServiceSpec& service) {
  return {api_service(service), api_slice(service, Family::v4), api_slice(service, Family::v6)};
}

Json api_pod(const HostPortSpec& pod) {
  Json ports = Json::array();
  for (const char* protocol : {"TCP", "UDP"}) {
    ports.push_back({{"containerPort", pod.container_port}, {"hostPort", pod.host_port}, {"protocol", protocol}});
  }
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"name", pod.pod.host.name + "-" + std::to_string(pod.host_port)}, {"namespace", "default"}}},
          {"spec", {{"nodeName", pod.pod.node}, {"containers", {{{"name", "server"}, {"ports", ports}}}}}},
          {"status",
           {{"phase", "Running"},
            {"podIP", pod.pod.host.ip4},
            {"podIPs", {{{"ip", pod.pod.host.ip4}}, {{"ip", pod.pod.host.ip6}}}},
            {"conditions", {{{"type", "Ready"}, {"status", "True"}}}}}}};
}

Json api_service_cidr(const std::vector<std::string>& ranges) {
  return {{"apiVersion", "networking.k8s.io/v1"},
          {"kind", "ServiceCIDR"},
          {"metadata", {{"name", "kubernetes"}}},
          {"spec", {{"cidrs", ranges}}}};
}

Json api_node(const Host& node) {
  return {{"apiVersion", "v1"},
          {"kind", "Node"},
          {"metadata", {{"name", node.name}, {"labels", {{"topology.kubernetes.io/zone", "lab"}}}}},
          {"spec", Json::object()},
          {"status",
           {{"addresses",
             {{{"type", "InternalIP"}, {"address", node.ip4}}, {{"type", "InternalIP"}, {"address", node.ip6}}}}}}};
}

}  // namespace sp::test
