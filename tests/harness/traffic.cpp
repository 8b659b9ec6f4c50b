// SPDX-License-Identifier: Apache-2.0
// The exchange of an identity server's client, with blocking sockets and the kernel's own timeouts.
#include "tests/harness/traffic.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <sstream>
#include <thread>

#include "tests/harness/netns.h"

namespace sp::test {

namespace {

constexpr std::string_view kRequest = "are you there?\n";

void set_timeout(int fd, Millis timeout) {
  const timeval limit{.tv_sec = timeout.count() / 1000, .tv_usec = (timeout.count() % 1000) * 1000};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

// An unconnected socket is told of refusals only if it asks for that; one of both families takes both options.
void hear_errors(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
}

// The client's half of one exchange. TCP: the greeting comes first and the request is echoed; UDP: the request's reply
// is greeting and request in one datagram.
class Exchange {
 public:
  Exchange(int fd, const Question& question, const SocketAddress& target, std::string what)
      : fd_(fd), question_(question), target_(target), what_(std::move(what)) {}

  Result<std::string> greeting() {
    if (question_.transport == Transport::udp) {
      SP_TRY(send_request());
    }
    SP_TRY_ASSIGN(line, read_line("greeting"));
    if (question_.transport == Transport::tcp) {
      SP_TRY(send_request());
    }
    SP_TRY_ASSIGN(echo, read_line("echo"));
    if (echo + "\n" != kRequest) {
      return Error{EBADMSG, what_ + ": echo differs from the request"};
    }
    return line;
  }

  // Whom the socket has called its peer.
  std::set<Endpoint> peers() {
    SocketAddress peer;
    peer.length = sizeof peer.storage;
    if (question_.connected && ::getpeername(fd_, peer.raw(), &peer.length) == 0) {
      peers_.insert(peer.endpoint());
    }
    return peers_;
  }

 private:
  Result<void> send_request() {
    const sockaddr* to = question_.connected ? nullptr : target_.raw();
    const socklen_t length = question_.connected ? 0 : target_.length;
    if (::sendto(fd_, kRequest.data(), kRequest.size(), MSG_NOSIGNAL, to, length) < 0) {
      return errno_error(errno, what_ + ": send");
    }
    return {};
  }

  Result<std::string> read_line(const char* stage) {
    for (;;) {
      if (const auto end = buffer_.find('\n'); end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      std::array<char, 512> bytes{};
      SocketAddress sender;
      sender.length = sizeof sender.storage;
      const ssize_t got = ::recvfrom(fd_, bytes.data(), bytes.size(), 0, sender.raw(), &sender.length);
      if (got < 0) {
        return errno_error(errno == EAGAIN ? ETIMEDOUT : errno, what_ + ": " + stage);
      }
      if (got == 0) {
        return Error{EPIPE, what_ + ": " + stage + ": closed by the server"};
      }
      if (question_.transport == Transport::udp) {
        peers_.insert(sender.endpoint());
      }
      buffer_.append(bytes.data(), static_cast<std::size_t>(got));
    }
  }

  int fd_;
  const Question& question_;
  const SocketAddress& target_;
  std::string what_;
  std::string buffer_;
  std::set<Endpoint> peers_;
};

// A port that this process has not used before, or not for long: the kernel picks at random, and a port that comes
// twice may be no new flow but an old one. Inside Linux's default ephemeral range: on a node the ports below belong to
// NodePorts and to translation.
Result<void> bind_to_fresh_port(int fd, const Question& question, sa_family_t family) {
  constexpr unsigned kFirst = 32768;
  constexpr unsigned kPorts = 28000;
  constexpr int kTries = 100;
  static std::atomic<unsigned> next = 0;
  for (int i = 0; i < kTries; ++i) {
    const auto port = static_cast<std::uint16_t>(kFirst + next++ % kPorts);
    SocketAddress source = SocketAddress::any(family, port);
    if (!question.source_ip.empty()) {
      SP_TRY_ASSIGN(bound, SocketAddress::from({question.source_ip, port}));
      source = bound;
    }
    if (::bind(fd, source.raw(), source.length) == 0) {
      return {};
    }
  }
  return errno_error(errno, "socket: bind");
}

}  // namespace

Result<Reply> parse_greeting(const std::string& line) {
  std::istringstream words(line);
  Reply reply;
  if (!(words >> reply.identity >> reply.seen_client.ip >> reply.seen_client.port)) {
    return Error{EBADMSG, "greeting '" + line + "' is not 'identity address port'"};
  }
  return reply;
}

Result<Reply> ask(const Question& question) {
  const std::string what = std::string(to_string(question.transport)) + " " + question.target.text();
  SP_TRY_ASSIGN(address, SocketAddress::from(question.target));
  SP_TRY_ASSIGN(fd, open_socket(question.from, question.transport, question.target));
  set_timeout(fd.get(), question.timeout);
  SP_TRY(bind_to_fresh_port(fd.get(), question, address.storage.ss_family));
  if (question.hear_errors) {
    hear_errors(fd.get());
  }
  if (question.connected && ::connect(fd.get(), address.raw(), address.length) != 0) {
    return errno_error(errno == EINPROGRESS ? ETIMEDOUT : errno, what + ": connect");
  }
  Exchange exchange(fd.get(), question, address, what);
  SP_TRY_ASSIGN(line, exchange.greeting());
  SP_TRY_ASSIGN(reply, parse_greeting(line));
  reply.peers = exchange.peers();
  SocketAddress own;
  own.length = sizeof own.storage;
  ::getsockname(fd.get(), own.raw(), &own.length);
  reply.own = own.endpoint();
  return reply;
}

Result<Reply> ask(const Place& from, Transport transport, const Endpoint& target, Millis timeout) {
  return ask(Question{.from = from, .transport = transport, .target = target, .timeout = timeout});
}

Result<void> ping(const std::string& netns, const std::string& ip, Millis timeout) {
  SP_TRY_ASSIGN(address, SocketAddress::from({ip, 0}));
  SP_TRY_ASSIGN(scope, NetnsScope::enter(netns));
  const bool v4 = address.storage.ss_family == AF_INET;
  const Fd fd(
      ::socket(address.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6}));
  // Type and the rest zero: the kernel fills in identifier and checksum.
  std::array<char, 16> echo{v4 ? char{ICMP_ECHO} : static_cast<char>(ICMP6_ECHO_REQUEST)};
  set_timeout(fd.get(), timeout);
  if (!fd.valid() || ::sendto(fd.get(), echo.data(), echo.size(), 0, address.raw(), address.length) < 0 ||
      ::recv(fd.get(), echo.data(), echo.size(), 0) < 0) {
    return errno_error(errno == EAGAIN ? ETIMEDOUT : errno, "ping " + ip);
  }
  return {};
}

void Tally::add(const Result<Reply>& reply) {
  if (reply) {
    ++per_identity[reply->identity];
  } else {
    ++failures[reply.error().text()];
  }
}

void Tally::merge(const Tally& other) {
  for (const auto& [identity, count] : other.per_identity) {
    per_identity[identity] += count;
  }
  for (const auto& [error, count] : other.failures) {
    failures[error] += count;
  }
}

std::size_t Tally::answered() const {
  std::size_t sum = 0;
  for (const auto& [identity, count] : per_identity) {
    sum += count;
  }
  return sum;
}

std::size_t Tally::failed() const {
  std::size_t sum = 0;
  for (const auto& [error, count] : failures) {
    sum += count;
  }
  return sum;
}

std::size_t Tally::spread(const std::vector<std::string>& identities) const {
  std::size_t smallest = SIZE_MAX;
  std::size_t largest = 0;
  for (const std::string& identity : identities) {
    const auto found = per_identity.find(identity);
    const std::size_t count = found == per_identity.end() ? 0 : found->second;
    smallest = std::min(smallest, count);
    largest = std::max(largest, count);
  }
  return largest - smallest;
}

std::string Tally::text() const {
  std::ostringstream out;
  for (const auto& [identity, count] : per_identity) {
    out << "  " << identity << " " << count << "\n";
  }
  for (const auto& [error, count] : failures) {
    out << "  failed: " << error << " x" << count << "\n";
  }
  return out.str();
}

Tally ask_many(const std::vector<Place>& from, Transport transport, const Endpoint& target, std::size_t count) {
  std::vector<Tally> tallies(from.size());
  std::vector<std::thread> clients;
  for (std::size_t i = 0; i < from.size(); ++i) {
    clients.emplace_back([&, i] {
      for (std::size_t n = 0; n < count && tallies[i].failed() < kGiveUp; ++n) {
        tallies[i].add(ask(from[i], transport, target));
      }
    });
  }
  Tally total;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    clients[i].join();
    total.merge(tallies[i]);
  }
  return total;
}

}  // namespace sp::test
