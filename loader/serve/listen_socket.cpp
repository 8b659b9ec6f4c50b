// SPDX-License-Identifier: Apache-2.0
#include "loader/serve/listen_socket.h"

#include <netinet/in.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace sp::serve {
namespace {

union AnyAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

std::string advice(int err, const BindAddress& address) {
  switch (err) {
    case EADDRINUSE:
      return fmt::format(" (is kube-proxy or another agent running? `ss -ltnp sport = :{}` names the owner)",
                         address.port);
    case EADDRNOTAVAIL:
      return " (no device of this network namespace has this address)";
    case EACCES:
      return " (ports below 1024 need CAP_NET_BIND_SERVICE)";
    default:
      return {};
  }
}

Error listen_error(int err, const BindAddress& address) {
  return errno_error(err, "listen on " + address.text() + advice(err, address));
}

Result<Fd> bind_and_listen(const BindAddress& address, int family, bool v6_only) {
  Fd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) {
    return listen_error(errno, address);
  }
  // Connections of an earlier process in TIME_WAIT do not keep the port.
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  AnyAddress raw{};
  socklen_t length = sizeof raw.v4;
  if (family == AF_INET6) {
    const int only = v6_only ? 1 : 0;
    if (::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) != 0) {
      return listen_error(errno, address);
    }
    raw.v6.sin6_family = AF_INET6;
    raw.v6.sin6_port = Be16::from_host(address.port).raw;
    if (address.ip.family() == Family::v6) {
      std::memcpy(&raw.v6.sin6_addr, address.ip.raw().w, sizeof raw.v6.sin6_addr);
    }
    length = sizeof raw.v6;
  } else {
    raw.v4.sin_family = AF_INET;
    raw.v4.sin_port = Be16::from_host(address.port).raw;
    if (address.ip.family() == Family::v4) {
      raw.v4.sin_addr.s_addr = address.ip.raw().w[3];
    }
  }
  if (::bind(fd.get(), &raw.any, length) != 0 || ::listen(fd.get(), SOMAXCONN) != 0) {
    return listen_error(errno, address);
  }
  return fd;
}

}  // namespace

Result<ListenSocket> open_listen_socket(const BindAddress& address) {
  const bool both = address.reach == BindAddress::Reach::both_families && address.ip.is_unspecified();
  const bool v6 = both || address.ip.family() == Family::v6;
  auto fd = bind_and_listen(address, v6 ? AF_INET6 : AF_INET, !both);
  if (!fd && both && fd.error().err == EAFNOSUPPORT) {
    // A kernel without IPv6.
    fd = bind_and_listen(address, AF_INET, false);
  }
  if (!fd) {
    return std::move(fd).error();
  }
  ListenSocket socket{std::move(fd).value(), address};
  AnyAddress raw{};
  socklen_t length = sizeof raw;
  if (::getsockname(socket.fd.get(), &raw.any, &length) != 0) {
    return listen_error(errno, address);
  }
  socket.address.port = Be16{raw.any.sa_family == AF_INET6 ? raw.v6.sin6_port : raw.v4.sin_port}.to_host();
  return socket;
}

}  // namespace sp::serve
