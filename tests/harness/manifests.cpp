// SPDX-License-Identifier: Apache-2.0
// Manifests by concatenation: what the tests write is what an operator would.
#include "tests/harness/manifests.h"

#include <sstream>

namespace sp::test {

namespace {

std::string json_list(const std::vector<std::string>& words) {
  std::string text = "[";
  for (const std::string& word : words) {
    text += (text.size() > 1 ? ", \"" : "\"") + word + "\"";
  }
  return text + "]";
}

void write_service(std::ostream& out, const ServiceSpec& service) {
  const std::string number = std::to_string(service.number);
  out << "apiVersion: v1\nkind: Service\nmetadata:\n  name: " << service.name << "\nspec:\n  type: "
      << (!service.ingress.empty() ? "LoadBalancer"
          : service.node_port != 0 ? "NodePort"
                                   : "ClusterIP")
      << "\n  clusterIP: 10.96.0." << number
      << "\n  clusterIPs: " << json_list({"10.96.0." + number, "fd00:96::" + number})
      << "\n  ipFamilies: [IPv4, IPv6]\n  ipFamilyPolicy: RequireDualStack\n  externalTrafficPolicy: "
      << (service.external_local ? "Local" : "Cluster")
      << "\n  internalTrafficPolicy: " << (service.internal_local ? "Local" : "Cluster")
      << "\n  sessionAffinity: " << (service.affinity ? "ClientIP" : "None") << "\n  ports:\n";
  for (const char* protocol : {"TCP", "UDP"}) {
    out << "  - name: " << (protocol[0] == 'T' ? "stream" : "datagram") << "\n    protocol: " << protocol
        << "\n    port: " << service.port << "\n    targetPort: " << service.target_port << "\n";
    if (service.node_port != 0) {
      out << "    nodePort: " << service.node_port << "\n";
    }
  }
  if (!service.externals.empty()) {
    out << "  externalIPs: " << json_list(service.externals) << "\n";
  }
  if (!service.ingress.empty()) {
    out << "status:\n  loadBalancer:\n    ingress:\n";
    for (const std::string& ip : service.ingress) {
      out << "    - ip: \"" << ip << "\"\n";
    }
  }
}

void write_slice(std::ostream& out, const ServiceSpec& service, Family family) {
  out << "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: " << service.name
      << (family == Family::v4 ? "-v4" : "-v6") << "\n  labels:\n    kubernetes.io/service-name: " << service.name
      << "\naddressType: " << to_string(family)
      << "\nports:\n- name: stream\n  protocol: TCP\n  port: " << service.target_port
      << "\n- name: datagram\n  protocol: UDP\n  port: " << service.target_port << "\n";
  if (service.backends.empty()) {
    out << "endpoints: []\n";
    return;
  }
  out << "endpoints:\n";
  for (const BackendSpec& backend : service.backends) {
    out << "- addresses: [\"" << backend.host.ip(family) << "\"]\n  nodeName: " << backend.node
        << "\n  conditions: {ready: " << (backend.terminating ? "false" : "true")
        << ", serving: true, terminating: " << (backend.terminating ? "true" : "false") << "}\n";
  }
}

}  // namespace

BackendSpec backend(const Lab& lab, const std::string& host_name) {
  return {lab.host(host_name), host_name.substr(0, host_name.find('p')), false};
}

std::string manifest(const ServiceSpec& service) {
  std::ostringstream out;
  write_service(out, service);
  write_slice(out, service, Family::v4);
  write_slice(out, service, Family::v6);
  return out.str();
}

std::string manifest(const HostPortSpec& pod) {
  std::ostringstream out;
  out << "apiVersion: v1\nkind: Pod\nmetadata:\n  name: " << pod.pod.host.name << "-" << pod.host_port
      << "\nspec:\n  nodeName: " << pod.pod.node << "\n  containers:\n  - name: server\n    ports:\n";
  for (const char* protocol : {"TCP", "UDP"}) {
    out << "    - {containerPort: " << pod.container_port << ", hostPort: " << pod.host_port
        << ", protocol: " << protocol << "}\n";
  }
  out << "status:\n  phase: Running\n  podIP: " << pod.pod.host.ip4 << "\n  podIPs:\n  - ip: " << pod.pod.host.ip4
      << "\n  - ip: \"" << pod.pod.host.ip6 << "\"\n  conditions:\n  - {type: Ready, status: \"True\"}\n";
  return out.str();
}

}  // namespace sp::test
