// SPDX-License-Identifier: Apache-2.0
// Services to fill the rules with.
#include <arpa/inet.h>

#include "bench/kernel_nat/rules.h"

namespace sp::bench {

namespace {

constexpr std::uint16_t kFirstNodePort = 30000;
constexpr std::uint16_t kLastNodePort = 32767;
constexpr std::uint16_t kTargetPort = 8080;
// Addresses of 10.244.0.0/16 and fd00:244::/112 that endpoints take turns in: none ends in two zero bytes.
constexpr std::uint32_t kPodAddresses = 65000;

Ip numbered(const char* range4, const char* range6, Family family, std::uint32_t number) {
  sp_addr raw = Ip::parse(family == Family::v4 ? range4 : range6)->raw();
  raw.w[3] = htonl(ntohl(raw.w[3]) + number);
  return Ip(raw);
}

}  // namespace

std::vector<NatService> services_around(const NatService& first, std::uint32_t count, std::uint32_t endpoints) {
  const Family family = first.cluster_ip.family();
  std::vector<NatService> services{first};
  std::uint32_t node_port = kFirstNodePort;
  std::uint32_t address = 1;
  for (std::uint32_t i = 1; i < count; ++i) {
    NatService service;
    service.name = "default/web-" + std::to_string(i);
    if (numbered("10.96.0.0", "fd00:96::", family, address) == first.cluster_ip) ++address;
    service.cluster_ip = numbered("10.96.0.0", "fd00:96::", family, address++);
    if (node_port == first.node_port) ++node_port;
    if (node_port <= kLastNodePort) service.node_port = static_cast<std::uint16_t>(node_port++);
    for (std::uint32_t e = 0; e < endpoints; ++e) {
      const std::uint32_t pod = (i * endpoints + e) % kPodAddresses + 1;
      service.endpoints.emplace_back(numbered("10.244.0.0", "fd00:244::", family, pod), kTargetPort);
    }
    services.push_back(std::move(service));
  }
  return services;
}

}  // namespace sp::bench
