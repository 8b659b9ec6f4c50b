// SPDX-License-Identifier: Apache-2.0
// The exchange of an identity server's client, with blocking sockets and the kernel's own timeouts.
#include "tests/harness/traffic.h"

#include <arpa/inet.h>
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

Result<Fd> open_socket(const std::string& netns, Transport transport, const Endpoint& endpoint, int flags) {
  SP_TRY_ASSIGN(address, SocketAddress::from(endpoint));
  SP_TRY_ASSIGN(scope, NetnsScope::enter(netns));
  const int type = transport == Transport::tcp ? SOCK_STREAM : SOCK_DGRAM;
  Fd fd(::socket(address.storage.ss_family, type | SOCK_CLOEXEC | flags, 0));
  if (!fd.valid()) {
    return errno_error(errno, "socket in '" + netns + "'");
  }
  return fd;
}

namespace {

constexpr std::string_view kRequest = "are you there?\n";

// The client's half of one exchange over a connected socket. TCP: the greeting comes first and the request is echoed;
// UDP: the request's reply is greeting and request in one datagram.
class Exchange {
 public:
  Exchange(int fd, Transport transport, std::string what) : fd_(fd), transport_(transport), what_(std::move(what)) {}

  Result<std::string> greeting() {
    if (transport_ == Transport::udp) {
      SP_TRY(send_request());
    }
    SP_TRY_ASSIGN(line, read_line("greeting"));
    if (transport_ == Transport::tcp) {
      SP_TRY(send_request());
    }
    SP_TRY_ASSIGN(echo, read_line("echo"));
    if (echo + "\n" != kRequest) {
      return Error{EBADMSG, what_ + ": echo differs from the request"};
    }
    return line;
  }

 private:
  Result<void> send_request() {
    if (::send(fd_, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) < 0) {
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
      const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), 0);
      if (got < 0) {
        return errno_error(errno == EAGAIN ? ETIMEDOUT : errno, what_ + ": " + stage);
      }
      if (got == 0) {
        return Error{EPIPE, what_ + ": " + stage + ": closed by the server"};
      }
      buffer_.append(bytes.data(), static_cast<std::size_t>(got));
    }
  }

  int fd_;
  Transport transport_;
  std::string what_;
  std::string buffer_;
};

// A port that this process has not used for UDP before, or not for long: the kernel picks at random, and a port that
// comes twice is no new flow but the same one again.
Result<void> bind_to_fresh_port(int fd, sa_family_t family) {
  constexpr unsigned kFirst = 10000;
  constexpr unsigned kPorts = 50000;
  constexpr int kTries = 100;
  static std::atomic<unsigned> next = 0;
  for (int i = 0; i < kTries; ++i) {
    const auto port = static_cast<std::uint16_t>(kFirst + next++ % kPorts);
    SP_TRY_ASSIGN(any, SocketAddress::from({family == AF_INET ? "0.0.0.0" : "::", port}));
    if (::bind(fd, any.raw(), any.length) == 0) {
      return {};
    }
  }
  return errno_error(errno, "UDP socket: bind");
}

Result<Reply> parse_greeting(const std::string& line) {
  std::istringstream words(line);
  Reply reply;
  if (!(words >> reply.identity >> reply.seen_client.ip >> reply.seen_client.port)) {
    return Error{EBADMSG, "greeting '" + line + "' is not 'identity address port'"};
  }
  return reply;
}

}  // namespace

Result<Reply> ask(const std::string& netns, Transport transport, const Endpoint& target, Millis timeout) {
  const std::string what = std::string(to_string(transport)) + " " + target.text();
  SP_TRY_ASSIGN(address, SocketAddress::from(target));
  SP_TRY_ASSIGN(fd, open_socket(netns, transport, target));
  const timeval limit{.tv_sec = timeout.count() / 1000, .tv_usec = (timeout.count() % 1000) * 1000};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (transport == Transport::udp) {
    SP_TRY(bind_to_fresh_port(fd.get(), address.storage.ss_family));
  }
  if (::connect(fd.get(), address.raw(), address.length) != 0) {
    return errno_error(errno == EINPROGRESS ? ETIMEDOUT : errno, what + ": connect");
  }
  SP_TRY_ASSIGN(line, Exchange(fd.get(), transport, what).greeting());
  SP_TRY_ASSIGN(reply, parse_greeting(line));
  SocketAddress own;
  own.length = sizeof own.storage;
  ::getsockname(fd.get(), own.raw(), &own.length);
  reply.own = own.endpoint();
  return reply;
}

Result<void> ping(const std::string& netns, const std::string& ip, Millis timeout) {
  SP_TRY_ASSIGN(address, SocketAddress::from({ip, 0}));
  SP_TRY_ASSIGN(scope, NetnsScope::enter(netns));
  const bool v4 = address.storage.ss_family == AF_INET;
  const Fd fd(
      ::socket(address.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6}));
  // Type and the rest zero: the kernel fills in identifier and checksum.
  std::array<char, 16> echo{v4 ? char{ICMP_ECHO} : static_cast<char>(ICMP6_ECHO_REQUEST)};
  const timeval limit{.tv_sec = timeout.count() / 1000, .tv_usec = (timeout.count() % 1000) * 1000};
  if (!fd.valid() || ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
      ::sendto(fd.get(), echo.data(), echo.size(), 0, address.raw(), address.length) < 0 ||
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

Tally ask_many(const std::vector<std::string>& netns, Transport transport, const Endpoint& target, std::size_t count) {
  std::vector<Tally> tallies(netns.size());
  std::vector<std::thread> clients;
  for (std::size_t i = 0; i < netns.size(); ++i) {
    clients.emplace_back([&, i] {
      for (std::size_t n = 0; n < count && tallies[i].failed() < kGiveUp; ++n) {
        tallies[i].add(ask(netns[i], transport, target));
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
