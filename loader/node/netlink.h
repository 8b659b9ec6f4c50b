// SPDX-License-Identifier: Apache-2.0
// Owners for libnl's objects, and its errors as ours.
#pragma once

#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include <memory>
#include <string>

#include "loader/util/ip.h"
#include "loader/util/result.h"

namespace sp::node {

struct SocketDeleter {
  void operator()(nl_sock* socket) const { nl_socket_free(socket); }
};
using Socket = std::unique_ptr<nl_sock, SocketDeleter>;

struct CacheDeleter {
  void operator()(nl_cache* cache) const { nl_cache_free(cache); }
};
// The answer to one dump request.
using Dump = std::unique_ptr<nl_cache, CacheDeleter>;

// `code` is what a libnl call returned: its own number, not an errno.
[[nodiscard]] inline Error netlink_error(int code, const std::string& operation) {
  return Error{0, "netlink: " + operation + ": " + nl_geterror(code)};
}

// A route netlink socket in the calling thread's network namespace.
[[nodiscard]] Result<Socket> connect_route_socket();

// Nothing when `address` is neither IPv4 nor IPv6.
[[nodiscard]] std::optional<Ip> to_ip(const nl_addr* address);

}  // namespace sp::node
