// SPDX-License-Identifier: Apache-2.0
// Connecting and converting.
#include "loader/node/netlink.h"

#include <netlink/addr.h>
#include <sys/socket.h>

#include <cstring>

namespace sp::node {

Result<Socket> connect_route_socket() {
  Socket socket(nl_socket_alloc());
  if (!socket) return Error{ENOMEM, "netlink: allocate a socket"};
  if (const int code = nl_connect(socket.get(), NETLINK_ROUTE); code < 0) return netlink_error(code, "connect");
  return socket;
}

std::optional<Ip> to_ip(const nl_addr* address) {
  if (address == nullptr) return std::nullopt;
  const void* bytes = nl_addr_get_binary_addr(address);
  switch (nl_addr_get_family(address)) {
    case AF_INET: {
      if (nl_addr_get_len(address) != sizeof(__be32)) return std::nullopt;
      __be32 v4 = 0;
      std::memcpy(&v4, bytes, sizeof v4);
      return Ip::v4(v4);
    }
    case AF_INET6:
      if (nl_addr_get_len(address) != sizeof(sp_addr)) return std::nullopt;
      return Ip::v6(bytes);
    default:
      return std::nullopt;
  }
}

}  // namespace sp::node
