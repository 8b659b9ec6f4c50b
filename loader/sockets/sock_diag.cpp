// SPDX-License-Identifier: Apache-2.0
#include "loader/sockets/sock_diag.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace sp::sockets {
namespace {

// Dumps come in pieces of at most this size, whatever the buffer.
constexpr std::size_t kPieceBytes = 32768;

struct Message {
  nlmsghdr header;
  inet_diag_req_v2 request;
};

// The answer of a message of type NLMSG_ERROR.
int answer_of(const nlmsghdr* header) {
  nlmsgerr answer{};
  if (header->nlmsg_len < NLMSG_LENGTH(sizeof answer)) return EBADMSG;
  std::memcpy(&answer, NLMSG_DATA(header), sizeof answer);
  return -answer.error;
}

class Pieces {
 public:
  // Messages of the next piece.
  Result<std::size_t> receive(int netlink) {
    const ssize_t bytes = ::recv(netlink, piece_.data(), piece_.size(), 0);
    if (bytes < 0) return errno_error(errno, "sock_diag: receive");
    return static_cast<std::size_t>(bytes);
  }
  [[nodiscard]] const nlmsghdr* first() const { return reinterpret_cast<const nlmsghdr*>(piece_.data()); }

 private:
  alignas(nlmsghdr) std::array<unsigned char, kPieceBytes> piece_;
};

}  // namespace

std::uint64_t ConnectedUdp::cookie() const {
  return id.idiag_cookie[0] | std::uint64_t{id.idiag_cookie[1]} << 32U;
}

sp_addr ConnectedUdp::peer() const {
  if (family == AF_INET) return sp_addr{{0, 0, htonl(SP_ADDR_V4_PREFIX), id.idiag_dst[0]}};
  return sp_addr{{id.idiag_dst[0], id.idiag_dst[1], id.idiag_dst[2], id.idiag_dst[3]}};
}

Result<SockDiag> SockDiag::open() {
  Fd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  if (!netlink.valid() || ::setsockopt(netlink.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) {
    return errno_error(errno, "sock_diag: open");
  }
  return SockDiag(std::move(netlink));
}

Result<std::uint64_t> SockDiag::netns_cookie() const {
  std::uint64_t cookie = 0;
  socklen_t bytes = sizeof cookie;
  if (::getsockopt(netlink_.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &bytes) != 0) {
    return errno_error(errno, "ask for the cookie of a network namespace (SO_NETNS_COOKIE)");
  }
  return cookie;
}

Result<void> SockDiag::send(std::uint16_t type, std::uint16_t flags, const inet_diag_req_v2& request) {
  const Message message{{sizeof message, type, static_cast<std::uint16_t>(NLM_F_REQUEST | flags), ++sequence_, 0},
                        request};
  if (::send(netlink_.get(), &message, sizeof message, 0) < 0) return errno_error(errno, "sock_diag: send");
  return {};
}

Result<std::vector<ConnectedUdp>> SockDiag::connected_udp() {
  std::vector<ConnectedUdp> sockets;
  SP_TRY(list(AF_INET, sockets));
  SP_TRY(list(AF_INET6, sockets));
  return sockets;
}

Result<void> SockDiag::list(std::uint8_t family, std::vector<ConnectedUdp>& sockets) {
  inet_diag_req_v2 request{};
  request.sdiag_family = family;
  request.sdiag_protocol = IPPROTO_UDP;
  request.idiag_states = 1U << TCP_ESTABLISHED;
  SP_TRY(send(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, request));
  Pieces pieces;
  for (;;) {
    SP_TRY_ASSIGN(bytes, pieces.receive(netlink_.get()));
    std::size_t left = bytes;
    for (const nlmsghdr* header = pieces.first(); NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_seq != sequence_) continue;  // an answer that came too late for its exchange
      if (header->nlmsg_type == NLMSG_DONE) return {};
      if (header->nlmsg_type == NLMSG_ERROR) return errno_error(answer_of(header), "sock_diag: list UDP sockets");
      inet_diag_msg socket{};
      if (header->nlmsg_len < NLMSG_LENGTH(sizeof socket)) continue;
      std::memcpy(&socket, NLMSG_DATA(header), sizeof socket);
      sockets.push_back({socket.idiag_family, socket.id});
    }
  }
}

Result<bool> SockDiag::end(const ConnectedUdp& socket) {
  inet_diag_req_v2 request{};
  request.sdiag_family = socket.family;
  request.sdiag_protocol = IPPROTO_UDP;
  request.idiag_states = 1U << TCP_ESTABLISHED;
  request.id = socket.id;
  SP_TRY(send(SOCK_DESTROY, NLM_F_ACK, request));
  Pieces pieces;
  for (;;) {
    SP_TRY_ASSIGN(bytes, pieces.receive(netlink_.get()));
    std::size_t left = bytes;
    for (const nlmsghdr* header = pieces.first(); NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_seq != sequence_ || header->nlmsg_type != NLMSG_ERROR) continue;
      const int err = answer_of(header);
      if (err == 0) return true;
      if (err == ENOENT || err == ESTALE) return false;
      return errno_error(err, "sock_diag: end a UDP socket (SOCK_DESTROY)");
    }
  }
}

}  // namespace sp::sockets
