// SPDX-License-Identifier: Apache-2.0
// SockDiag: the UDP sockets of one network namespace, as the kernel's sock_diag tells and ends them.
//
// Promises: works in the namespace in which it was opened, wherever it is used; only an exchange that the kernel does
// not answer takes longer than the kernel needs, a second then. Not thread-safe.
#pragma once

#include <linux/inet_diag.h>

#include <cstdint>
#include <vector>

#include "loader/util/fd.h"
#include "loader/util/result.h"
#include "maps/addr.h"

namespace sp::sockets {

struct ConnectedUdp {
  std::uint8_t family = 0;  // of the socket, AF_INET or AF_INET6
  inet_diag_sockid id{};

  // As bpf_get_socket_cookie() has it.
  [[nodiscard]] std::uint64_t cookie() const;
  [[nodiscard]] sp_addr peer() const;
  [[nodiscard]] __be16 peer_port() const { return id.idiag_dport; }
};

class SockDiag {
 public:
  // In the network namespace of the calling thread.
  [[nodiscard]] static Result<SockDiag> open();

  // As bpf_get_netns_cookie() has it.
  [[nodiscard]] Result<std::uint64_t> netns_cookie() const;
  [[nodiscard]] Result<std::vector<ConnectedUdp>> connected_udp();
  // The socket's process reads ECONNABORTED (SOCK_DESTROY). False when there is no such socket any more.
  [[nodiscard]] Result<bool> end(const ConnectedUdp& socket);

 private:
  explicit SockDiag(Fd netlink) : netlink_(std::move(netlink)) {}
  Result<void> list(std::uint8_t family, std::vector<ConnectedUdp>& sockets);
  Result<void> send(std::uint16_t type, std::uint16_t flags, const inet_diag_req_v2& request);

  Fd netlink_;
  std::uint32_t sequence_ = 0;
};

}  // namespace sp::sockets
