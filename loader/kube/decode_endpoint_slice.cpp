// SPDX-License-Identifier: Apache-2.0
// EndpointSlice, discovery.k8s.io/v1 (service-semantics 1.4, 1.5).
#include <utility>

#include "loader/kube/decode.h"
#include "loader/source/field_types.h"

namespace sp::kube {
namespace {

constexpr const char* kServiceNameLabel = "kubernetes.io/service-name";
constexpr const char* kHeadlessLabel = "service.kubernetes.io/headless";
constexpr const char* kTriggerAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";

enum class AddressType : std::uint8_t { ipv4, ipv6, fqdn };

void read_ports(const JsonField& list, model::EndpointSlice& slice) {
  slice.ports.reserve(list.size());
  list.for_each([&slice](const JsonField& field) {
    const JsonField name = field["name"];
    model::EndpointPort port;
    port.name = source::read_string(name);
    port.protocol = source::read_protocol(field["protocol"]);
    port.port = source::read_port_or_none(field["port"]);
    if (name.present() && port.port != 0) {
      slice.ports.push_back(std::move(port));
    }
  });
}

std::vector<std::string> read_hints(const JsonField& list) {
  std::vector<std::string> names;
  list.for_each([&names](const JsonField& field) {
    std::string name = source::read_string(field["name"]);
    if (!name.empty()) {
      names.push_back(std::move(name));
    }
  });
  return names;
}

// addresses[0]: the others are never used.
std::optional<Ip> first_address(const JsonField& addresses, Family family, source::Report& remarks) {
  std::optional<Ip> address;
  bool is_first = true;
  addresses.for_each([&](const JsonField& field) {
    if (!std::exchange(is_first, false)) {
      return;
    }
    address = read_host_ip_or_remark(field, remarks);
    if (address && address->family() != family) {
      field.complain_in(remarks, field.shown() + " is left out, expected an " + std::string(source::to_string(family)) +
                                     " address as addressType says");
      address.reset();
    }
  });
  return address;
}

void read_endpoint(const JsonField& field, model::EndpointSlice& slice, source::Report& remarks) {
  // There are more of these than of anything else.
  const auto [addresses, conditions, hints, node_name] =
      field.members<4>({"addresses", "conditions", "hints", "nodeName"});
  const auto [ready, serving, terminating] = conditions.members<3>({"ready", "serving", "terminating"});
  const auto [zones, nodes] = hints.members<2>({"forZones", "forNodes"});
  model::Endpoint endpoint;
  endpoint.ready = ready.boolean().value_or(true);
  endpoint.serving = serving.boolean().value_or(true);
  endpoint.terminating = terminating.boolean().value_or(false);
  endpoint.node_name = source::read_string(node_name);
  endpoint.zone_hints = read_hints(zones);
  endpoint.node_hints = read_hints(nodes);
  const auto address = first_address(addresses, slice.family, remarks);
  if (address) {
    endpoint.address = *address;
    slice.endpoints.push_back(std::move(endpoint));
  }
}

}  // namespace

std::optional<model::EndpointSlice> decode_endpoint_slice(const JsonField& object, const model::ObjectKey& key,
                                                          source::Report& remarks) {
  const JsonField metadata = object["metadata"];
  const JsonField labels = metadata["labels"];
  const JsonField type_field = object["addressType"];
  type_field.require("IPv4 or IPv6");
  const auto type = source::read_choice<AddressType>(
      type_field, {{"IPv4", AddressType::ipv4}, {"IPv6", AddressType::ipv6}, {"FQDN", AddressType::fqdn}},
      AddressType::ipv4);
  if (type == AddressType::fqdn || labels[kHeadlessLabel].present()) {
    return std::nullopt;
  }
  model::EndpointSlice slice;
  slice.service_name = source::read_string(labels[kServiceNameLabel]);
  if (slice.service_name.empty()) {
    labels.complain_in(
        remarks, std::string(kServiceNameLabel) + " is missing, expected the name of a Service; the slice is left out");
    return std::nullopt;
  }
  slice.meta.ns = key.ns;
  slice.meta.name = key.name;
  slice.family = type == AddressType::ipv6 ? Family::v6 : Family::v4;
  read_ports(object["ports"], slice);
  const JsonField endpoints = object["endpoints"];
  slice.endpoints.reserve(endpoints.size());
  endpoints.for_each([&](const JsonField& field) { read_endpoint(field, slice, remarks); });
  return slice;
}

std::optional<std::chrono::system_clock::time_point> trigger_time(simdjson::dom::element object) {
  std::string_view text;
  if (object["metadata"]["annotations"][kTriggerAnnotation].get(text) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return source::parse_time(text);
}

}  // namespace sp::kube
