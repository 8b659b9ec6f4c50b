// SPDX-License-Identifier: Apache-2.0
#include "loader/node/namespace_id.h"

#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>

namespace sp::node {
namespace {

int take_answer(nl_msg* answer, void* into) {
  const nlattr* id = nlmsg_find_attr(nlmsg_hdr(answer), sizeof(rtgenmsg), NETNSA_NSID);
  if (id != nullptr && nla_get_s32(id) >= 0) *static_cast<std::optional<std::int32_t>*>(into) = nla_get_s32(id);
  return NL_OK;
}

struct MessageDeleter {
  void operator()(nl_msg* message) const { nlmsg_free(message); }
};

}  // namespace

Result<std::optional<std::int32_t>> namespace_id(nl_sock* socket, const Fd& other) {
  const std::unique_ptr<nl_msg, MessageDeleter> request(nlmsg_alloc_simple(RTM_GETNSID, 0));
  rtgenmsg family{.rtgen_family = AF_UNSPEC};
  if (request == nullptr || nlmsg_append(request.get(), &family, sizeof family, NLMSG_ALIGNTO) < 0 ||
      nla_put_u32(request.get(), NETNSA_FD, static_cast<std::uint32_t>(other.get())) < 0) {
    return netlink_error(-NLE_NOMEM, "ask for a network namespace");
  }
  std::optional<std::int32_t> id;
  // One answer: the number, or an error where `other` is no namespace.
  nl_socket_disable_auto_ack(socket);
  nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, take_answer, &id);
  if (const int sent = nl_send_auto(socket, request.get()); sent < 0) {
    return netlink_error(sent, "ask for a network namespace");
  }
  nl_recvmsgs_default(socket);
  return id;
}

}  // namespace sp::node
