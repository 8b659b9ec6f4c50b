// SPDX-License-Identifier: Apache-2.0
#include "bench/update/nat_cluster.h"

#include <string>

namespace sp::bench {
namespace {

Ip parsed(const fake_api::Json& address) {
  return *Ip::parse(address.get<std::string>());
}

}  // namespace

NatService nat_service(const fake_api::Scale& scale, unsigned index) {
  const fake_api::Json service = fake_api::scale_service(scale, index);
  const fake_api::Json& port = service["spec"]["ports"][0];
  NatService nat;
  nat.name = "default/" + service["metadata"]["name"].get<std::string>();
  nat.cluster_ip = parsed(service["spec"]["clusterIP"]);
  nat.port = port["port"].get<std::uint16_t>();
  nat.node_port = port.value("nodePort", std::uint16_t{0});
  for (unsigned slice = 0; slice * scale.per_slice < scale.endpoints; ++slice) {
    const fake_api::Json object = fake_api::scale_slice(scale, index, slice);
    for (const fake_api::Json& endpoint : object["endpoints"]) {
      nat.endpoints.emplace_back(parsed(endpoint["addresses"][0]), object["ports"][0]["port"].get<std::uint16_t>());
    }
  }
  return nat;
}

std::vector<NatService> nat_cluster(const fake_api::Scale& scale) {
  fake_api::Scale lean = scale;
  lean.ballast = false;
  std::vector<NatService> services;
  services.reserve(scale.services);
  for (unsigned index = 0; index < scale.services; ++index) services.push_back(nat_service(lean, index));
  return services;
}

}  // namespace sp::bench
