// SPDX-License-Identifier: Apache-2.0
#include "bench/connect/exchange_server.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>

namespace sp::bench {

namespace {

constexpr int kBacklog = 1024;
// In an event's data: set for listeners, whose connections have it not.
constexpr std::uint64_t kListener = 1ULL << 32U;

void answer(int fd) {
  std::array<char, 256> bytes{};
  const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got > 0) {
    (void)::send(fd, bytes.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
  } else {
    ::close(fd);
  }
}

}  // namespace

Result<ExchangeServer> ExchangeServer::start() {
  ExchangeServer server;
  server.epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!server.epoll_.valid()) return errno_error(errno, "exchange server: epoll");
  return server;
}

Result<void> ExchangeServer::listen(const test::Place& place, const test::Endpoint& at) {
  SP_TRY_ASSIGN(address, test::SocketAddress::from(at));
  SP_TRY_ASSIGN(fd, test::open_socket(place, test::Transport::tcp, at, SOCK_NONBLOCK));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = kListener | static_cast<std::uint32_t>(fd.get())}};
  if (::bind(fd.get(), address.raw(), address.length) != 0 || ::listen(fd.get(), kBacklog) != 0 ||
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0) {
    return errno_error(errno, "listen at " + at.text());
  }
  listeners_.push_back(std::move(fd));
  return {};
}

void ExchangeServer::take_client(int listener) const {
  const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u64 = static_cast<std::uint32_t>(fd)}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void ExchangeServer::serve() const {
  std::array<epoll_event, 64> ready{};
  const int count = ::epoll_wait(epoll_.get(), ready.data(), ready.size(), 0);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t data = ready[static_cast<std::size_t>(i)].data.u64;
    const int fd = static_cast<int>(data & UINT32_MAX);
    if ((data & kListener) != 0) {
      take_client(fd);
    } else {
      answer(fd);
    }
  }
}

}  // namespace sp::bench
