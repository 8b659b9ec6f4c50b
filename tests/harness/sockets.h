// SPDX-License-Identifier: Apache-2.0
// Sockets of the lab: their addresses, and the place that each is opened in.
//
// A place is a network namespace and, if the place has one, a cgroup: a socket belongs for ever to the cgroup of the
// process that opened it, and hooks of that cgroup see it whoever uses it. Promises: sockets are close-on-exec.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "loader/util/fd.h"
#include "loader/util/result.h"

namespace sp::test {

enum class Transport : std::uint8_t { tcp, udp };

// "TCP" or "UDP", as in manifests and failure messages.
[[nodiscard]] const char* to_string(Transport transport);

struct Endpoint {
  std::string ip;
  std::uint16_t port = 0;

  // "10.0.0.1:80", "[fd00::1]:80"
  [[nodiscard]] std::string text() const;
  auto operator<=>(const Endpoint&) const = default;
};

// A socket address of either family. IPv4 in "::ffff:a.b.c.d" makes an IPv6 one.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  [[nodiscard]] static Result<SocketAddress> from(const Endpoint& endpoint);
  // The wildcard address of a family.
  [[nodiscard]] static SocketAddress any(sa_family_t family, std::uint16_t port);
  [[nodiscard]] Endpoint endpoint() const;
  [[nodiscard]] const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
};

// Names convert: most places are namespaces without a cgroup, whose sockets no hook of a node sees.
struct Place {
  Place(const char* name) : netns(name) {}             // NOLINT(google-explicit-constructor)
  Place(std::string name) : netns(std::move(name)) {}  // NOLINT(google-explicit-constructor)
  Place(std::string name, std::string cgroup) : netns(std::move(name)), cgroup_dir(std::move(cgroup)) {}

  std::string netns;       // "" = here
  std::string cgroup_dir;  // "" = this process's
};

// A socket of the endpoint's family; `flags` such as SOCK_NONBLOCK.
[[nodiscard]] Result<Fd> open_socket(const Place& place, Transport transport, const Endpoint& endpoint, int flags = 0);

}  // namespace sp::test
