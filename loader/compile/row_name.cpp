// SPDX-License-Identifier: Apache-2.0
// Names of service rows.
#include "loader/compile/row_name.h"

#include <cstdint>
#include <cstdio>

#include "maps/limits.h"

namespace sp::compile {
namespace {

// FNV-1a, 64 bits: short, and the same in every build, which a name in a pinned map needs.
std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

std::string_view family_suffix(Family family) {
  return family == Family::v4 ? "@v4" : "@v6";
}

}  // namespace

std::string port_text(std::uint16_t port, Protocol protocol) {
  return std::to_string(port).append("/").append(to_string(protocol));
}

std::string address_text(const Ip& ip, std::uint16_t port, Protocol protocol) {
  const std::string host = ip.family() == Family::v4 ? ip.text() : "[" + ip.text() + "]";
  return host + ":" + port_text(port, protocol);
}

std::string service_row_name(const model::Service& service, const model::ServicePort& port, Family family,
                             model::TrafficPolicy policy) {
  std::string name;
  name.reserve(SP_NAME_BYTES);
  name.append(service.meta.ns).append("/").append(service.meta.name).append(":");
  name.append(port.name.empty() ? std::to_string(port.port) : port.name);
  name.append("/").append(to_string(port.protocol)).append(family_suffix(family));
  if (policy == model::TrafficPolicy::local) {
    name.append("-local");
  }
  return bounded_name(std::move(name));
}

std::string host_port_row_name(const model::Pod& pod, const model::ContainerPort& port, Family family,
                               bool exact_address) {
  std::string name = "hostport:" + pod.meta.ns + "/" + pod.meta.name + ":";
  name.append(exact_address ? address_text(*port.host_ip, port.host_port, port.protocol)
                            : port_text(port.host_port, port.protocol));
  return bounded_name(name.append(family_suffix(family)));
}

std::string bounded_name(std::string name) {
  constexpr std::size_t kMax = SP_NAME_BYTES - 1;
  if (name.size() <= kMax) {
    return name;
  }
  char tail[18];
  std::snprintf(tail, sizeof tail, "~%016llx", static_cast<unsigned long long>(stable_hash(name)));
  name.resize(kMax - (sizeof tail - 1));
  return name.append(tail);
}

}  // namespace sp::compile
