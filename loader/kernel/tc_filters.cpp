// SPDX-License-Identifier: Apache-2.0
// One rtnetlink dump for each direction.
#include "loader/kernel/tc_filters.h"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "loader/util/fd.h"

namespace sp::kernel {
namespace {

Error dump_error(int err) {
  return errno_error(err, "list tc filters");
}

// Reads the answers of one dump to its end.
Result<bool> read_dump(int socket) {
  bool found = false;
  for (;;) {
    alignas(nlmsghdr) std::array<char, 32768> buffer;
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (got < 0) return dump_error(errno);
    auto left = static_cast<unsigned>(got);
    for (const auto* header = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type == NLMSG_DONE) return found;
      if (header->nlmsg_type == NLMSG_ERROR) {
        const int err = static_cast<const nlmsgerr*>(NLMSG_DATA(header))->error;
        // No such device, no such qdisc.
        if (err == -ENODEV || err == -EINVAL || err == -ENOENT) return false;
        return dump_error(err);
      }
      found |= header->nlmsg_type == RTM_NEWTFILTER;
    }
  }
}

}  // namespace

Result<bool> has_tc_filters(std::uint32_t ifindex) {
  const Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket.valid()) return dump_error(errno);
  for (const __u32 direction : {TC_H_MIN_INGRESS, TC_H_MIN_EGRESS}) {
    struct {
      nlmsghdr header;
      tcmsg body;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_GETTFILTER;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.body.tcm_family = AF_UNSPEC;
    request.body.tcm_ifindex = static_cast<int>(ifindex);
    request.body.tcm_parent = TC_H_MAKE(TC_H_CLSACT, direction);
    if (::send(socket.get(), &request, sizeof request, 0) < 0) return dump_error(errno);
    SP_TRY_ASSIGN(found, read_dump(socket.get()));
    if (found) return true;
  }
  return false;
}

}  // namespace sp::kernel
