// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>

#include "tests/harness/cgroup_sockets.h"
#include "tests/harness/netns.h"

namespace sp::test {

const char* to_string(Transport transport) {
  return transport == Transport::tcp ? "TCP" : "UDP";
}

std::string Endpoint::text() const {
  const std::string number = std::to_string(port);
  return ip.find(':') == std::string::npos ? ip + ":" + number : "[" + ip + "]:" + number;
}

Result<SocketAddress> SocketAddress::from(const Endpoint& endpoint) {
  SocketAddress address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (::inet_pton(AF_INET, endpoint.ip.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(endpoint.port);
    address.length = sizeof *v4;
    return address;
  }
  if (::inet_pton(AF_INET6, endpoint.ip.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(endpoint.port);
    address.length = sizeof *v6;
    return address;
  }
  return Error{EINVAL, "'" + endpoint.ip + "' is not an address"};
}

Endpoint SocketAddress::endpoint() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    ::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
    return {text.data(), ntohs(v4->sin_port)};
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
  ::inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
  return {text.data(), ntohs(v6->sin6_port)};
}

SocketAddress SocketAddress::any(sa_family_t family, std::uint16_t port) {
  SocketAddress address;
  // Both families have their port at one place, and a wildcard is all zeros.
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  v6->sin6_family = family;
  v6->sin6_port = htons(port);
  address.length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  return address;
}

Result<Fd> open_socket(const Place& place, Transport transport, const Endpoint& endpoint, int flags) {
  SP_TRY_ASSIGN(address, SocketAddress::from(endpoint));
  const int type = (transport == Transport::tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | flags;
  if (!place.cgroup_dir.empty()) {
    return open_in_cgroup(place.cgroup_dir, place.netns, address.storage.ss_family, type);
  }
  SP_TRY_ASSIGN(scope, NetnsScope::enter(place.netns));
  Fd fd(::socket(address.storage.ss_family, type, 0));
  if (!fd.valid()) {
    return errno_error(errno, "socket in '" + place.netns + "'");
  }
  return fd;
}

}  // namespace sp::test
