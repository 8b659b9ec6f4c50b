// SPDX-License-Identifier: Apache-2.0
#include "loader/show/words.h"

#include <net/if.h>

#include <array>
#include <cstring>

namespace sp::show {

std::string protocol_text(__u8 protocol) {
  switch (protocol) {
    case SP_PROTO_TCP:
      return "TCP";
    case SP_PROTO_UDP:
      return "UDP";
    case SP_PROTO_SCTP:
      return "SCTP";
    default:
      return std::to_string(protocol);
  }
}

std::string scope_text(__u8 scope) {
  return scope == SP_SCOPE_POD ? "pod" : scope == SP_SCOPE_HOST ? "host" : "external";
}

std::string kind_text(__u16 kind) {
  switch (kind) {
    case SP_KIND_CLUSTER_IP:
      return "ClusterIP";
    case SP_KIND_NODE_PORT:
      return "NodePort";
    case SP_KIND_LOAD_BALANCER:
      return "LoadBalancer";
    case SP_KIND_EXTERNAL_IP:
      return "externalIP";
    case SP_KIND_HOST_PORT:
      return "hostPort";
    default:
      return std::to_string(kind);
  }
}

std::string endpoint_text(const Ip& ip, __be16 port) {
  const std::string number = std::to_string(Be16{port}.to_host());
  return ip.family() == Family::v4 ? ip.text() + ":" + number : "[" + ip.text() + "]:" + number;
}

std::string device_text(std::uint32_t ifindex) {
  std::array<char, IF_NAMESIZE> name{};
  if (::if_indextoname(ifindex, name.data()) == nullptr) return "#" + std::to_string(ifindex);
  return name.data();
}

Result<ServiceNames> service_names(const kernel::Reader& reader) {
  SP_TRY_ASSIGN(rows, reader.service_names());
  ServiceNames names;
  for (const auto& [id, name] : rows) names.emplace(id, std::string(name.text, ::strnlen(name.text, sizeof name.text)));
  return names;
}

std::string service_text(const ServiceNames& names, std::uint32_t id) {
  const auto found = names.find(id);
  return found == names.end() ? "#" + std::to_string(id) : found->second;
}

}  // namespace sp::show
