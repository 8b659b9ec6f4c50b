// SPDX-License-Identifier: Apache-2.0
// IdentityServers over one level-triggered epoll set.
#include "tests/harness/identity_servers.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace sp::test {

namespace {

std::string greeting_for(const std::string& identity, const Endpoint& client) {
  return identity + " " + client.ip + " " + std::to_string(client.port) + "\n";
}

}  // namespace

Result<std::unique_ptr<IdentityServers>> IdentityServers::start() {
  std::unique_ptr<IdentityServers> servers(new IdentityServers());
  servers->epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  servers->wake_ = Fd(::eventfd(0, EFD_CLOEXEC));
  if (!servers->epoll_.valid() || !servers->wake_.valid()) {
    return errno_error(errno, "identity servers: epoll");
  }
  epoll_event event{.events = EPOLLIN, .data = {.fd = servers->wake_.get()}};
  ::epoll_ctl(servers->epoll_.get(), EPOLL_CTL_ADD, servers->wake_.get(), &event);
  servers->thread_ = std::thread([raw = servers.get()] { raw->serve(); });
  return servers;
}

IdentityServers::~IdentityServers() {
  stopping_ = true;
  ::eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) {
    thread_.join();
  }
}

Result<void> IdentityServers::listen(const std::string& identity, const Place& place, Transport transport,
                                     const Endpoint& at) {
  const std::string what = identity + " " + to_string(transport) + " " + at.text();
  SP_TRY_ASSIGN(address, SocketAddress::from(at));
  SP_TRY_ASSIGN(fd, open_socket(place, transport, at, SOCK_NONBLOCK));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // A server may follow another that has not retired yet.
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (::bind(fd.get(), address.raw(), address.length) != 0) {
    return errno_error(errno, what + ": bind");
  }
  if (transport == Transport::tcp && ::listen(fd.get(), 4096) != 0) {
    return errno_error(errno, what + ": listen");
  }
  const auto kind = transport == Transport::tcp ? Socket::Kind::listener : Socket::Kind::datagrams;
  return watch({std::move(fd), kind, identity});
}

Result<void> IdentityServers::listen(const Lab& lab, const std::vector<std::string>& hosts, std::uint16_t port) {
  for (const std::string& name : hosts) {
    const Host& host = lab.host(name);
    for (const Family family : {Family::v4, Family::v6}) {
      SP_TRY(listen(name, host.place(), Transport::tcp, host.at(family, port)));
      SP_TRY(listen(name, host.place(), Transport::udp, host.at(family, port)));
    }
  }
  return {};
}

Result<void> IdentityServers::watch(Socket socket) {
  const int fd = socket.fd.get();
  const std::lock_guard guard(lock_);
  sockets_.insert_or_assign(fd, std::move(socket));
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    const Error error = errno_error(errno, "identity servers: epoll add");
    sockets_.erase(fd);
    return error;
  }
  return {};
}

void IdentityServers::serve() {
  std::array<epoll_event, 64> ready{};
  while (!stopping_) {
    const int count = ::epoll_wait(epoll_.get(), ready.data(), ready.size(), -1);
    for (int i = 0; i < count; ++i) {
      if (ready[i].data.fd != wake_.get()) {
        serve_ready(ready[i].data.fd, ready[i].events);
      } else {
        let_go();
      }
    }
  }
}

Result<void> IdentityServers::retire(const std::string& identity, Millis timeout) {
  std::unique_lock guard(lock_);
  retired_.insert(identity);
  ::eventfd_write(wake_.get(), 1);
  const auto is_its = [&](const auto& entry) { return entry.second.identity == identity; };
  if (!changed_.wait_for(guard, timeout, [&] { return std::none_of(sockets_.begin(), sockets_.end(), is_its); })) {
    return Error{ETIMEDOUT, identity + ": still has connections"};
  }
  retired_.erase(identity);
  return {};
}

// Closes what retired identities listen on.
void IdentityServers::let_go() {
  eventfd_t count = 0;
  ::eventfd_read(wake_.get(), &count);
  const std::lock_guard guard(lock_);
  for (auto& [fd, socket] : sockets_) {
    socket.leaving = retired_.contains(socket.identity);
  }
  std::erase_if(sockets_, [](const auto& entry) {
    return entry.second.leaving && entry.second.kind != Socket::Kind::connection;
  });
  changed_.notify_all();
}

void IdentityServers::serve_ready(int fd, std::uint32_t events) {
  Socket* socket = nullptr;
  {
    const std::lock_guard guard(lock_);
    const auto found = sockets_.find(fd);
    if (found == sockets_.end()) {
      return;
    }
    socket = &found->second;  // stays valid: only this thread erases, and map nodes do not move
  }
  switch (socket->kind) {
    case Socket::Kind::listener:
      accept_clients(*socket);
      return;
    case Socket::Kind::datagrams:
      answer_datagrams(*socket);
      return;
    case Socket::Kind::connection:
      break;
  }
  const bool open = (events & EPOLLOUT) != 0 ? flush(*socket) : echo(*socket);
  if (!open) {
    const std::lock_guard guard(lock_);
    sockets_.erase(fd);
    changed_.notify_all();
  }
}

void IdentityServers::accept_clients(const Socket& listener) {
  for (;;) {
    SocketAddress client;
    client.length = sizeof client.storage;
    Fd fd(::accept4(listener.fd.get(), client.raw(), &client.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) {
      return;
    }
    const std::string greeting = greeting_for(listener.identity, client.endpoint());
    if (::send(fd.get(), greeting.data(), greeting.size(), MSG_NOSIGNAL) < 0) {
      continue;
    }
    (void)watch({std::move(fd), Socket::Kind::connection, listener.identity});
  }
}

void IdentityServers::answer_datagrams(const Socket& socket) {
  std::array<char, 65536> bytes{};
  for (;;) {
    SocketAddress client;
    client.length = sizeof client.storage;
    const ssize_t got = ::recvfrom(socket.fd.get(), bytes.data(), bytes.size(), 0, client.raw(), &client.length);
    if (got < 0) {
      return;
    }
    std::string reply = greeting_for(socket.identity, client.endpoint());
    reply.append(bytes.data(), static_cast<std::size_t>(got));
    ::sendto(socket.fd.get(), reply.data(), reply.size(), MSG_NOSIGNAL, client.raw(), client.length);
  }
}

bool IdentityServers::echo(Socket& connection) const {
  std::array<char, 65536> bytes{};
  const ssize_t got = ::recv(connection.fd.get(), bytes.data(), bytes.size(), 0);
  if (got < 0) {
    return errno == EAGAIN || errno == EINTR;
  }
  if (got == 0) {
    return false;
  }
  connection.unsent.append(bytes.data(), static_cast<std::size_t>(got));
  connection.unsent.append(connection.leaving ? kFarewell : "");
  return flush(connection);
}

// Reads no more while something is unsent, so a client that only writes is held back instead of filling our memory.
bool IdentityServers::flush(Socket& connection) const {
  const std::size_t size = connection.unsent.size();
  const ssize_t sent = ::send(connection.fd.get(), connection.unsent.data(), size, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) {
    return false;
  }
  if (sent > 0) {
    connection.unsent.erase(0, static_cast<std::size_t>(sent));
  }
  if (connection.leaving && connection.unsent.empty()) {
    return false;
  }
  epoll_event event{.events = EPOLLIN, .data = {.fd = connection.fd.get()}};
  if (!connection.unsent.empty()) {
    event.events = EPOLLOUT;
  }
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.fd.get(), &event) == 0;
}

}  // namespace sp::test
