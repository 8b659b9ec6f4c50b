// SPDX-License-Identifier: Apache-2.0
// Chains as kube-proxy names and nests them.
#include "tests/harness/kube_proxy_rules.h"

#include <array>

namespace sp::test {

namespace {

constexpr const char* kExternalPort = "80";
constexpr std::array kEndpointNames = {"AAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBB"};

std::string destination(const ProxiedService& service, std::size_t pod) {
  const std::string& ip = service.pods.at(pod);
  return (service.family == Family::v4 ? ip : "[" + ip + "]") + ":" + std::to_string(service.target_port);
}

}  // namespace

std::string iptables_rules(const ProxiedService& service) {
  const std::string port = std::to_string(service.node_port);
  std::string text = "*nat\n";
  for (const char* chain : {"KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-MARK-MASQ", "KUBE-POSTROUTING",
                            "KUBE-PROXY-CANARY", "KUBE-EXT-WEBWEBWEBWEBWEBW", "KUBE-SVC-WEBWEBWEBWEBWEBW"}) {
    text += std::string(":") + chain + " - [0:0]\n";
  }
  for (const char* name : kEndpointNames) text += std::string(":KUBE-SEP-") + name + " - [0:0]\n";
  text +=
      "-I PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n"
      "-I OUTPUT -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n"
      "-I POSTROUTING -m comment --comment \"kubernetes postrouting rules\" -j KUBE-POSTROUTING\n"
      "-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000\n"
      "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n"
      "-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000\n"
      "-A KUBE-POSTROUTING -m comment --comment \"kubernetes service traffic requiring SNAT\" -j MASQUERADE\n";
  text += "-A KUBE-SERVICES -d " + service.external_ip + " -p tcp -m tcp --dport " + kExternalPort +
          " -j KUBE-EXT-WEBWEBWEBWEBWEBW\n"
          "-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS\n"
          "-A KUBE-NODEPORTS -p tcp -m tcp --dport " +
          port +
          " -j KUBE-EXT-WEBWEBWEBWEBWEBW\n"
          "-A KUBE-EXT-WEBWEBWEBWEBWEBW -j KUBE-MARK-MASQ\n"
          "-A KUBE-EXT-WEBWEBWEBWEBWEBW -j KUBE-SVC-WEBWEBWEBWEBWEBW\n"
          "-A KUBE-SVC-WEBWEBWEBWEBWEBW -m statistic --mode random --probability 0.5 -j KUBE-SEP-" +
          kEndpointNames[0] + "\n-A KUBE-SVC-WEBWEBWEBWEBWEBW -j KUBE-SEP-" + kEndpointNames[1] + "\n";
  for (std::size_t i = 0; i < kEndpointNames.size(); ++i) {
    text += std::string("-A KUBE-SEP-") + kEndpointNames.at(i) + " -p tcp -m tcp -j DNAT --to-destination " +
            destination(service, i) + "\n";
  }
  return text + "COMMIT\n";
}

std::string nftables_rules(const ProxiedService& service) {
  const std::string family = service.family == Family::v4 ? "ip" : "ip6";
  std::string text = "table " + family + " kube-proxy {\n";
  for (std::size_t i = 0; i < kEndpointNames.size(); ++i) {
    text += std::string("  chain endpoint-") + kEndpointNames.at(i) + " { meta l4proto tcp dnat to " +
            destination(service, i) + " ; }\n";
  }
  return text + "  chain service-web { numgen random mod 2 vmap { 0 : goto endpoint-" + kEndpointNames[0] +
         ", 1 : goto endpoint-" + kEndpointNames[1] +
         " } ; }\n"
         "  chain external-web { meta mark set meta mark or 0x4000 ; goto service-web ; }\n"
         "  chain services {\n    " +
         family + " daddr " + service.external_ip + " tcp dport " + kExternalPort +
         " goto external-web\n    fib daddr type local tcp dport " + std::to_string(service.node_port) +
         " goto external-web\n  }\n"
         "  chain nat-prerouting { type nat hook prerouting priority dstnat ; jump services ; }\n"
         "  chain nat-output { type nat hook output priority -100 ; jump services ; }\n"
         "  chain nat-postrouting {\n    type nat hook postrouting priority srcnat ;\n"
         "    meta mark and 0x4000 == 0 return\n    meta mark set meta mark xor 0x4000\n    masquerade\n  }\n}\n";
}

}  // namespace sp::test
