// SPDX-License-Identifier: Apache-2.0
// Traffic: real sockets between the lab's hosts, and what a client learns from one exchange.
//
// An identity server (identity_servers.h) tells every client who it is and whom it sees; ask() is one such exchange
// and ask_many() many of them. Promises: no retry anywhere, so whatever a packet loses shows as a failure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/harness/process.h"
#include "tests/harness/sockets.h"

namespace sp::test {

// One exchange: over a new connection (or a new UDP socket).
struct Question {
  Place from;
  Transport transport;
  Endpoint target;
  bool connected = true;     // UDP only: false sends with sendto() and takes what comes
  bool hear_errors = false;  // an unconnected socket asks to be told of refusals: it hears of local drops, too
  Millis timeout{3000};
  std::string source_ip = {};  // to bind to; "" = any
};

struct Reply {
  std::string identity;  // of the server that answered
  Endpoint seen_client;  // the client's address as that server saw it
  Endpoint own;          // the client's address as its socket knows it
  // The server's address as the client's socket tells it: getpeername() if connected and, of UDP, recvfrom().
  std::set<Endpoint> peers;
};

// Identity and seen client of an identity server's first line.
[[nodiscard]] Result<Reply> parse_greeting(const std::string& line);

// Greeting, one echoed request, close. The error's err is the socket's: ECONNREFUSED, ECONNRESET, ETIMEDOUT…
[[nodiscard]] Result<Reply> ask(const Question& question);
[[nodiscard]] Result<Reply> ask(const Place& from, Transport transport, const Endpoint& target,
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

// A long-lived connection's last line: its server has said all and leaves (IdentityServers::retire).
inline constexpr std::string_view kFarewell = "goodbye\n";

// A client stops at so many failures: a door that is shut shall not cost a timeout for each connection.
inline constexpr std::size_t kGiveUp = 10;

// `count` exchanges, one after the other, from each place in parallel.
[[nodiscard]] Tally ask_many(const std::vector<Place>& from, Transport transport, const Endpoint& target,
                             std::size_t count);

}  // namespace sp::test
