// SPDX-License-Identifier: Apache-2.0
// Traffic: real sockets between the lab's hosts, and what a client learns from one exchange.
//
// An identity server (identity_servers.h) tells every client who it is and whom it sees; ask() is one such exchange
// and ask_many() many of them. Promises: no retry anywhere, so whatever a packet loses shows as a failure.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "loader/util/fd.h"
#include "loader/util/result.h"
#include "tests/harness/process.h"

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

// A socket address of either family.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  [[nodiscard]] static Result<SocketAddress> from(const Endpoint& endpoint);
  [[nodiscard]] Endpoint endpoint() const;
  [[nodiscard]] const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
};

// A socket of the endpoint's family, opened in `netns` ("" = here), close-on-exec; `flags` such as SOCK_NONBLOCK.
[[nodiscard]] Result<Fd> open_socket(const std::string& netns, Transport transport, const Endpoint& endpoint,
                                     int flags = 0);

struct Reply {
  std::string identity;  // of the server that answered
  Endpoint seen_client;  // the client's address as that server saw it
  Endpoint own;          // the client's address as its socket knows it
};

// One new connection (or one new UDP socket): greeting, one echoed request, close.
// The error's err is the socket's: ECONNREFUSED, ECONNRESET, ETIMEDOUT, EHOSTUNREACH…
[[nodiscard]] Result<Reply> ask(const std::string& netns, Transport transport, const Endpoint& target,
                                Millis timeout = Millis(3000));

// One ICMP echo. Needs net.ipv4.ping_group_range to let root's group in.
[[nodiscard]] Result<void> ping(const std::string& netns, const std::string& ip, Millis timeout = Millis(3000));

struct Tally {
  std::map<std::string, std::size_t> per_identity;
  std::map<std::string, std::size_t> failures;  // error text -> count

  void add(const Result<Reply>& reply);
  void merge(const Tally& other);
  [[nodiscard]] std::size_t answered() const;
  [[nodiscard]] std::size_t failed() const;
  // Largest minus smallest count over `identities`, absent ones counting as 0.
  [[nodiscard]] std::size_t spread(const std::vector<std::string>& identities) const;
  [[nodiscard]] std::string text() const;
};

// A client stops at so many failures: a door that is shut shall not cost a timeout for each connection.
inline constexpr std::size_t kGiveUp = 10;

// `count` exchanges, one after the other, from each of `netns` in parallel.
[[nodiscard]] Tally ask_many(const std::vector<std::string>& netns, Transport transport, const Endpoint& target,
                             std::size_t count);

}  // namespace sp::test
