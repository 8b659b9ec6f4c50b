// SPDX-License-Identifier: Apache-2.0
// What the objects of a World look like when they are new.
#include "tests/harness/fake_api/world.h"

namespace sp::fake_api {
namespace {

// 10.96.x.y and fd00:96::xy for one number.
std::string cluster_ip4(unsigned number) {
  return "10.96." + std::to_string(number / 256) + "." + std::to_string(number % 256);
}

std::string cluster_ip6(unsigned number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (unsigned shift = 16; shift > 0; shift -= 4) hex += kDigits[number >> (shift - 4) & 15U];
  return "fd00:96::" + hex;
}

}  // namespace

void World::release_numbers(const Json& service) {
  const auto found = service["metadata"]["annotations"].find("world/number");
  if (found != service["metadata"]["annotations"].end()) {
    cluster_ips_.erase(static_cast<unsigned>(std::stoul(found->get<std::string>())));
  }
  for (const Json& port : service["spec"]["ports"]) {
    if (port.contains("nodePort")) node_ports_.erase(port["nodePort"].get<unsigned>());
  }
}

Json World::new_service(const std::string& name) {
  static const std::vector<std::string> types = {"ClusterIP", "NodePort", "NodePort", "LoadBalancer", "ExternalName"};
  const std::string type = types[below(static_cast<unsigned>(types.size()))];
  Json meta = {{"namespace", "default"}, {"name", name}, {"labels", {{"app", name}}}, {"annotations", Json::object()}};
  Json service = {{"apiVersion", "v1"}, {"kind", "Service"}, {"metadata", meta}};
  service["status"] = {{"loadBalancer", Json::object()}};
  Json& spec = service["spec"];
  spec = {{"type", type}, {"sessionAffinity", "None"}, {"ports", Json::array()}};
  const unsigned ports = 1 + below(3);
  const bool open = type == "NodePort" || type == "LoadBalancer";
  for (unsigned i = 0; i < ports; ++i) {
    Json port = {{"name", "p" + std::to_string(i)}, {"protocol", i == 2 ? "UDP" : "TCP"}, {"port", 80 + i}};
    if (open) port["nodePort"] = free_number(node_ports_, 30000, 2768);
    spec["ports"].push_back(std::move(port));
  }
  if (open) spec["externalTrafficPolicy"] = "Cluster";
  if (type == "ExternalName") {
    spec["externalName"] = "example.org";
  } else if (chance(0.1)) {
    spec["clusterIP"] = "None";
    spec["clusterIPs"] = Json::array({"None"});
  } else {
    const unsigned number = free_number(cluster_ips_, 1, 65000);
    service["metadata"]["annotations"]["world/number"] = std::to_string(number);
    const bool dual = chance(0.5);
    spec["clusterIP"] = cluster_ip4(number);
    spec["clusterIPs"] = Json::array({cluster_ip4(number)});
    spec["ipFamilies"] = Json::array({"IPv4"});
    if (dual) spec["clusterIPs"].push_back(cluster_ip6(number));
    if (dual) spec["ipFamilies"].push_back("IPv6");
  }
  return service;
}

Json World::new_slice(const std::string& service, const std::string& name) {
  Json slice = {
      {"apiVersion", "discovery.k8s.io/v1"},
      {"kind", "EndpointSlice"},
      {"metadata", {{"namespace", "default"}, {"name", name}, {"labels", {{"kubernetes.io/service-name", service}}}}},
      {"addressType", "IPv4"},
      {"endpoints", Json::array()},
      {"ports", Json::array()}};
  for (unsigned i = 0; i < 3; ++i) {
    slice["ports"].push_back(
        {{"name", "p" + std::to_string(i)}, {"port", 8000 + below(100)}, {"protocol", i == 2 ? "UDP" : "TCP"}});
  }
  const unsigned count = below(6);
  for (unsigned i = 0; i < count; ++i) slice["endpoints"].push_back(new_endpoint());
  return slice;
}

Json World::new_endpoint() {
  Json endpoint = {{"addresses", Json::array({"10.244." + std::to_string(below(shape_.nodes)) + "." +
                                              std::to_string(1 + below(254))})},
                   {"conditions", {{"ready", chance(0.9)}, {"serving", true}, {"terminating", chance(0.1)}}}};
  if (chance(0.9)) endpoint["nodeName"] = "node-" + std::to_string(below(shape_.nodes));
  if (chance(0.3)) {
    endpoint["hints"] = {{"forZones", Json::array({{{"name", "zone-" + std::to_string(below(3))}}})}};
  }
  return endpoint;
}

Json World::new_pod(const std::string& name) {
  const bool own = chance(0.7);
  Json port = {{"containerPort", 8080}, {"protocol", "TCP"}};
  if (chance(0.7)) port["hostPort"] = 8000 + below(200);
  if (chance(0.3)) port["hostIP"] = "0.0.0.0";
  const std::string ip = "10.244." + std::string(own ? "0." : "1.") + std::to_string(1 + below(254));
  static const std::vector<std::string> phases = {"Running", "Running", "Running", "Pending", "Succeeded"};
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"namespace", "default"}, {"name", name}, {"labels", {{"app", name}}}}},
          {"spec",
           {{"nodeName", own ? "node-0" : "node-1"},
            {"containers", Json::array({{{"name", "c"}, {"image", "i"}, {"ports", Json::array({port})}}})}}},
          {"status",
           {{"phase", phases[below(static_cast<unsigned>(phases.size()))]},
            {"podIP", ip},
            {"podIPs", Json::array({{{"ip", ip}}})},
            {"conditions", Json::array({{{"type", "Ready"}, {"status", chance(0.8) ? "True" : "False"}}})}}}};
}

Json World::new_node(unsigned number) {
  const std::string name = "node-" + std::to_string(number);
  const std::string ip = "192.0.2." + std::to_string(number + 1);
  return {{"apiVersion", "v1"},
          {"kind", "Node"},
          {"metadata", {{"name", name}, {"labels", {{"topology.kubernetes.io/zone", "zone-0"}}}}},
          {"spec", {{"podCIDRs", Json::array({"10.244." + std::to_string(number) + ".0/24"})}}},
          {"status", {{"addresses", Json::array({{{"type", "InternalIP"}, {"address", ip}}})}}}};
}

}  // namespace sp::fake_api
