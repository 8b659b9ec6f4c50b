// SPDX-License-Identifier: Apache-2.0
// Sockets of the socket bed.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <ostream>
#include <stdexcept>

#include "tests/harness/socket_bed.h"

namespace sp::test {
namespace {

constexpr int kPatienceMs = 2000;

struct Address {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  [[nodiscard]] sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
};

Address address_of(int family, const Door& door) {
  Address address;
  const __be16 port = Be16::from_host(door.port).raw;
  if (family == AF_INET) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = port;
    in.sin_addr.s_addr = door.ip.raw().w[3];
    std::memcpy(&address.storage, &in, sizeof in);
    address.length = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = port;
    std::memcpy(&in.sin6_addr, &door.ip.raw(), sizeof in.sin6_addr);
    std::memcpy(&address.storage, &in, sizeof in);
    address.length = sizeof in;
  }
  return address;
}

Door door_of(const Address& address) {
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address.storage, sizeof in);
    return {Ip::v4(in.sin_addr.s_addr), Be16{in.sin_port}.to_host()};
  }
  sockaddr_in6 in{};
  std::memcpy(&in, &address.storage, sizeof in);
  return {Ip::v6(&in.sin6_addr), Be16{in.sin6_port}.to_host()};
}

int type_of(Protocol protocol) {
  return (protocol == Protocol::tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC;
}

}  // namespace

void PrintTo(const Door& door, std::ostream* out) {
  *out << door.ip.text() << " port " << door.port;
}

Sock::Sock(int family, Protocol protocol) : fd_(::socket(family, type_of(protocol), 0)), family_(family) {
  if (!fd_.valid()) throw std::runtime_error("socket");
}

Sock Sock::listening(const Door& door, Protocol protocol) {
  Sock sock(door.ip.family() == Family::v4 ? AF_INET : AF_INET6, protocol);
  if (const int err = sock.bind(door); err != 0) throw std::runtime_error(std::string("bind: ") + std::strerror(err));
  if (protocol == Protocol::tcp && ::listen(sock.fd_.get(), 512) != 0) throw std::runtime_error("listen");
  return sock;
}

int Sock::connect(const Door& to) {
  Address address = address_of(family_, to);
  return ::connect(fd_.get(), address.raw(), address.length) == 0 ? 0 : errno;
}

int Sock::bind(const Door& at) {
  const int on = 1;
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  Address address = address_of(family_, at);
  return ::bind(fd_.get(), address.raw(), address.length) == 0 ? 0 : errno;
}

int Sock::send(const std::string& text, const std::optional<Door>& to) {
  Address address = to ? address_of(family_, *to) : Address{};
  const ssize_t sent = ::sendto(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL, to ? address.raw() : nullptr,
                                to ? address.length : 0);
  return sent < 0 ? errno : 0;
}

Door Sock::local() const {
  Address address;
  if (::getsockname(fd_.get(), address.raw(), &address.length) != 0) throw std::runtime_error("getsockname");
  return door_of(address);
}

Door Sock::peer() const {
  Address address;
  if (::getpeername(fd_.get(), address.raw(), &address.length) != 0) throw std::runtime_error("getpeername");
  return door_of(address);
}

std::uint64_t Sock::cookie() const {
  std::uint64_t cookie = 0;
  socklen_t bytes = sizeof cookie;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_COOKIE, &cookie, &bytes) != 0) throw std::runtime_error("SO_COOKIE");
  return cookie;
}

Sock::Heard Sock::receive() {
  pollfd ready{fd_.get(), POLLIN, 0};
  if (::poll(&ready, 1, kPatienceMs) <= 0) return {ETIMEDOUT, {}, {}};
  char text[256];
  Address address;
  const ssize_t bytes = ::recvfrom(fd_.get(), text, sizeof text, 0, address.raw(), &address.length);
  if (bytes < 0) return {errno, {}, {}};
  return {0, std::string(text, static_cast<std::size_t>(bytes)), address.length == 0 ? Door{} : door_of(address)};
}

Sock Sock::accept() {
  pollfd ready{fd_.get(), POLLIN, 0};
  if (::poll(&ready, 1, kPatienceMs) <= 0) throw std::runtime_error("nobody has connected");
  Fd fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!fd.valid()) throw std::runtime_error("accept");
  return {std::move(fd), family_};
}

}  // namespace sp::test
