// SPDX-License-Identifier: Apache-2.0
// iptables mode: KUBE-SERVICES holds a rule for each ClusterIP and, last, the way to KUBE-NODEPORTS with a rule for
// each NodePort: a new connection walks both from the top. Comments are left out, as kube-proxy does from 1,000
// endpoints on.
#include <array>
#include <cstdio>

#include "bench/kernel_nat/chain_names.h"

namespace sp::bench {

namespace {

// The tables' heads are those of this family alone.
constexpr const char* kFilter =
    "*filter\n"
    ":KUBE-NODEPORTS - [0:0]\n"
    ":KUBE-SERVICES - [0:0]\n"
    ":KUBE-EXTERNAL-SERVICES - [0:0]\n"
    ":KUBE-FIREWALL - [0:0]\n"
    ":KUBE-FORWARD - [0:0]\n"
    ":KUBE-PROXY-FIREWALL - [0:0]\n"
    "-A INPUT -m conntrack --ctstate NEW -j KUBE-PROXY-FIREWALL\n"
    "-A INPUT -j KUBE-NODEPORTS\n"
    "-A INPUT -m conntrack --ctstate NEW -j KUBE-EXTERNAL-SERVICES\n"
    "-A INPUT -j KUBE-FIREWALL\n"
    "-A FORWARD -m conntrack --ctstate NEW -j KUBE-PROXY-FIREWALL\n"
    "-A FORWARD -j KUBE-FORWARD\n"
    "-A FORWARD -m conntrack --ctstate NEW -j KUBE-SERVICES\n"
    "-A FORWARD -m conntrack --ctstate NEW -j KUBE-EXTERNAL-SERVICES\n"
    "-A OUTPUT -m conntrack --ctstate NEW -j KUBE-PROXY-FIREWALL\n"
    "-A OUTPUT -m conntrack --ctstate NEW -j KUBE-SERVICES\n"
    "-A OUTPUT -j KUBE-FIREWALL\n"
    "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP\n"
    "-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT\n"
    "-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n";

constexpr const char* kNatChains =
    "*nat\n"
    ":KUBE-SERVICES - [0:0]\n"
    ":KUBE-NODEPORTS - [0:0]\n"
    ":KUBE-POSTROUTING - [0:0]\n"
    ":KUBE-MARK-MASQ - [0:0]\n";

constexpr const char* kNatRules =
    "-A PREROUTING -j KUBE-SERVICES\n"
    "-A OUTPUT -j KUBE-SERVICES\n"
    "-A POSTROUTING -j KUBE-POSTROUTING\n"
    "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n"
    "-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000\n"
    "-A KUBE-POSTROUTING -j MASQUERADE --random-fully\n"
    "-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000\n";

std::string host_range(const Ip& ip) {
  return ip.text() + (ip.family() == Family::v4 ? "/32" : "/128");
}

std::string match(const NatService& service) {
  const std::string protocol = protocol_of(service);
  return "-p " + protocol + " -m " + protocol;
}

// The n-th of `count` endpoints is asked only when those before it were not taken.
std::string chance(std::size_t n, std::size_t count) {
  if (n + 1 == count) return "";
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "-m statistic --mode random --probability %.10f ",
                1.0 / static_cast<double>(count - n));
  return text.data();
}

void append_endpoints(std::string& text, const NatService& service, const std::string& chain) {
  for (std::size_t i = 0; i < service.endpoints.size(); ++i) {
    text += "-A " + chain + " " + chance(i, service.endpoints.size()) + "-j " +
            iptables_endpoint_chain(service, service.endpoints[i]) + "\n";
  }
}

void append_chains(std::string& text, const NatService& service) {
  text += ":" + iptables_chain("KUBE-SVC-", service) + " - [0:0]\n";
  if (service.node_port != 0) text += ":" + iptables_chain("KUBE-EXT-", service) + " - [0:0]\n";
  if (service.node_port != 0 && service.keeps_client) text += ":" + iptables_chain("KUBE-SVL-", service) + " - [0:0]\n";
  for (const NatEndpoint& endpoint : service.endpoints)
    text += ":" + iptables_endpoint_chain(service, endpoint) + " - [0:0]\n";
}

void append_external(std::string& text, const NatService& service, const std::string& cluster) {
  const std::string chain = iptables_chain("KUBE-EXT-", service);
  const std::string local = iptables_chain("KUBE-SVL-", service);
  text +=
      "-A KUBE-NODEPORTS " + match(service) + " --dport " + std::to_string(service.node_port) + " -j " + chain + "\n";
  if (!service.keeps_client) {
    text += "-A " + chain + " -j KUBE-MARK-MASQ\n-A " + chain + " -j " + cluster + "\n";
    return;
  }
  text += "-A " + chain + " -s " + pod_range(service.cluster_ip.family()) + " -j " + cluster + "\n";
  text += "-A " + chain + " -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ\n";
  text += "-A " + chain + " -m addrtype --src-type LOCAL -j " + cluster + "\n";
  text += "-A " + chain + " -j " + local + "\n";
  append_endpoints(text, service, local);
}

void append_service(std::string& text, const NatService& service) {
  const std::string chain = iptables_chain("KUBE-SVC-", service);
  const std::string address =
      host_range(service.cluster_ip) + " " + match(service) + " --dport " + std::to_string(service.port);
  text += "-A KUBE-SERVICES -d " + address + " -j " + chain + "\n";
  if (service.node_port != 0) append_external(text, service, chain);
  text += "-A " + chain + " ! -s " + pod_range(service.cluster_ip.family()) + " -d " + address + " -j KUBE-MARK-MASQ\n";
  append_endpoints(text, service, chain);
  for (const NatEndpoint& endpoint : service.endpoints) {
    const std::string end = "-A " + iptables_endpoint_chain(service, endpoint) + " ";
    text += end + "-s " + host_range(endpoint.first) + " -j KUBE-MARK-MASQ\n";
    text += end + match(service) + " -j DNAT --to-destination " + socket_text(endpoint) + "\n";
  }
}

}  // namespace

std::string iptables_of(const std::vector<NatService>& services) {
  const bool is_v4 = services.empty() || services.front().cluster_ip.family() == Family::v4;
  std::string text = kFilter;
  if (is_v4)
    text +=
        "-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP\n";
  for (const NatService& service : services) {
    if (!service.endpoints.empty()) continue;
    text += "-A KUBE-SERVICES -d " + host_range(service.cluster_ip) + " " + match(service) + " --dport " +
            std::to_string(service.port) + " -j REJECT\n";
    if (service.node_port != 0)
      text += "-A KUBE-EXTERNAL-SERVICES " + match(service) + " -m addrtype --dst-type LOCAL --dport " +
              std::to_string(service.node_port) + " -j REJECT\n";
  }
  text += std::string("COMMIT\n") + kNatChains;
  for (const NatService& service : services) {
    if (!service.endpoints.empty()) append_chains(text, service);
  }
  text += kNatRules;
  for (const NatService& service : services) {
    if (!service.endpoints.empty()) append_service(text, service);
  }
  return text + "-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS\nCOMMIT\n";
}

}  // namespace sp::bench
