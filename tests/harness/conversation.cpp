// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/conversation.h"

#include <poll.h>

#include <array>
#include <cerrno>

namespace sp::test {

Result<Conversation> Conversation::open(const Place& from, const Endpoint& target, bool connected) {
  SP_TRY_ASSIGN(address, SocketAddress::from(target));
  SP_TRY_ASSIGN(fd, open_socket(from, Transport::udp, target, SOCK_NONBLOCK));
  if (connected && ::connect(fd.get(), address.raw(), address.length) != 0) {
    return errno_error(errno, "UDP " + target.text() + ": connect");
  }
  return Conversation(std::move(fd), address, connected);
}

Result<Reply> Conversation::exchange(Millis timeout) const {
  const std::string what = "UDP " + target_.endpoint().text();
  const sockaddr* to = connected_ ? nullptr : target_.raw();
  if (::sendto(fd_.get(), "", 0, MSG_NOSIGNAL, to, connected_ ? 0 : target_.length) < 0) {
    return errno_error(errno, what + ": send");
  }
  pollfd ready{.fd = fd_.get(), .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, static_cast<int>(timeout.count())) == 0) {
    return Error{ETIMEDOUT, what + ": no answer"};
  }
  std::array<char, 512> bytes{};
  SocketAddress sender;
  sender.length = sizeof sender.storage;
  const ssize_t got = ::recvfrom(fd_.get(), bytes.data(), bytes.size(), 0, sender.raw(), &sender.length);
  if (got < 0) {
    return errno_error(errno, what + ": receive");
  }
  SP_TRY_ASSIGN(reply, parse_greeting({bytes.data(), static_cast<std::size_t>(got)}));
  reply.peers = {sender.endpoint()};
  return reply;
}

Error Conversation::await_error(Millis timeout) const {
  pollfd ready{.fd = fd_.get(), .events = 0, .revents = 0};
  if (::poll(&ready, 1, static_cast<int>(timeout.count())) == 0) {
    return {ETIMEDOUT, "the socket has no error"};
  }
  int err = 0;
  socklen_t length = sizeof err;
  ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &err, &length);
  return {err, "the socket's error"};
}

}  // namespace sp::test
