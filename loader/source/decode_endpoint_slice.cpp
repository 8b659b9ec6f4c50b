// SPDX-License-Identifier: Apache-2.0
// EndpointSlice, discovery.k8s.io/v1: service-semantics 1.4 and 1.5, with the defaults that the API server would fill
// in before a proxy sees the slice.
#include <utility>

#include "loader/source/decode.h"
#include "loader/source/field_types.h"

namespace sp::source {
namespace {

constexpr const char* kServiceNameLabel = "kubernetes.io/service-name";
constexpr const char* kHeadlessLabel = "service.kubernetes.io/headless";

enum class AddressType : std::uint8_t { ipv4, ipv6, fqdn };

void read_ports(const Field& list, model::EndpointSlice& slice) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Field field = list.at(i);
    const Field number = field["port"];
    model::EndpointPort port;
    port.name = read_string(field["name"]);  // the API server turns an absent name into ""
    port.protocol = read_protocol(field["protocol"]);
    port.port = read_port(number);
    if (number.present()) {  // absent means every port, which nobody implements
      slice.ports.push_back(std::move(port));
    }
  }
}

std::vector<std::string> read_hints(const Field& list) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Field hint = list.at(i);
    const Field name = hint["name"];
    name.require("a name");
    names.push_back(read_string(name));
  }
  return names;
}

void read_endpoint(const Field& field, model::EndpointSlice& slice) {
  const Field addresses = field["addresses"];
  const Field conditions = field["conditions"];
  const Field hints = field["hints"];
  model::Endpoint endpoint;
  endpoint.ready = conditions["ready"].boolean().value_or(true);
  endpoint.serving = conditions["serving"].boolean().value_or(true);
  endpoint.terminating = conditions["terminating"].boolean().value_or(false);
  endpoint.node_name = read_string(field["nodeName"]);
  endpoint.zone_hints = read_hints(hints["forZones"]);
  endpoint.node_hints = read_hints(hints["forNodes"]);
  if (addresses.size() == 0) {
    return;
  }
  const Field first = addresses.at(0);
  const auto ip = read_routable_ip(first);
  if (!ip) {
    if (first.string().value_or("").empty()) {
      first.complain("is empty, expected an IP address");
    }
    return;
  }
  if (ip->family() != slice.family) {
    first.complain(first.shown() + " is an " + std::string(to_string(ip->family())) + " address, expected " +
                   std::string(to_string(slice.family)) + " as addressType says");
  }
  endpoint.address = *ip;
  slice.endpoints.push_back(std::move(endpoint));
}

}  // namespace

std::optional<model::EndpointSlice> decode_endpoint_slice(const Field& object, model::Meta meta) {
  if (meta.labels.contains(kHeadlessLabel)) {
    return std::nullopt;
  }
  const Field type_field = object["addressType"];
  type_field.require("IPv4 or IPv6");
  const auto type = read_choice<AddressType>(
      type_field, {{"IPv4", AddressType::ipv4}, {"IPv6", AddressType::ipv6}, {"FQDN", AddressType::fqdn}},
      AddressType::ipv4);
  if (type == AddressType::fqdn) {
    return std::nullopt;
  }
  model::EndpointSlice slice;
  slice.family = type == AddressType::ipv6 ? Family::v6 : Family::v4;
  slice.meta = std::move(meta);
  if (const auto label = slice.meta.labels.find(kServiceNameLabel); label != slice.meta.labels.end()) {
    slice.service_name = label->second;
  }
  if (slice.service_name.empty()) {
    const Field metadata = object["metadata"];
    const Field labels = metadata["labels"];
    labels[kServiceNameLabel].complain("is missing, expected the name of a Service");
  }
  read_ports(object["ports"], slice);
  // `endpoints: []` and `endpoints: null` are how an empty slice is written. No such line at all is half a file.
  const Field endpoints = object["endpoints"];
  if (!endpoints.given()) {
    endpoints.require("a list");
  }
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    read_endpoint(endpoints.at(i), slice);
  }
  return slice;
}

}  // namespace sp::source
