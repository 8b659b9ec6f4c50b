// SPDX-License-Identifier: Apache-2.0
// Events say which of the kernel's lists is stale; the lists themselves are read again as a whole. Neighbours alone are
// followed event by event, because they change with every packet to somebody new.
#include "loader/node/watcher.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/route/neighbour.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "loader/node/dump.h"
#include "loader/node/neighbours.h"
#include "loader/util/log.h"

namespace sp::node {
namespace {

// Room for a burst of some ten thousand route changes; what does not fit is found by looking anew.
constexpr int kEventBufferBytes = 4 << 20;

// Lists to read again, and what the events themselves have shown.
struct Pending {
  bool devices = false;
  bool addresses = false;
  bool neighbours = false;
  bool next_hops_changed = false;
};

}  // namespace

struct Watcher::State {
  Socket events;
  Socket questions;
  Facts facts;
  std::vector<DeviceWithAddress> devices;
  Neighbours neighbours;
  Pending pending;

  void take(nl_msg* message);
  void observe_neighbour(std::uint32_t ifindex, const Ip& ip, std::string_view link_address);
  void drain();
  Result<Update> read_stale_lists();
};

void Watcher::State::observe_neighbour(std::uint32_t ifindex, const Ip& ip, std::string_view link_address) {
  if (neighbours.observe(ifindex, ip, link_address)) pending.next_hops_changed = true;
}

void Watcher::State::take(nl_msg* message) {
  nlmsghdr* header = nlmsg_hdr(message);
  switch (header->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      pending.devices = true;
      break;
    case RTM_NEWADDR:
    case RTM_DELADDR:
      pending.addresses = true;
      break;
    case RTM_NEWROUTE:
    case RTM_DELROUTE: {
      // Cloned routes are the kernel's own cache, not a decision about next hops.
      const auto* route = static_cast<const rtmsg*>(nlmsg_data(header));
      if ((route->rtm_flags & RTM_F_CLONED) == 0) pending.next_hops_changed = true;
      break;
    }
    case RTM_NEWNEIGH: {
      rtnl_neigh* neighbour = nullptr;
      if (rtnl_neigh_parse(header, &neighbour) < 0) break;
      visit_if_resolved(neighbour, [this](auto... seen) { observe_neighbour(seen...); });
      rtnl_neigh_put(neighbour);
      break;
    }
    default:
      break;
  }
}

void Watcher::State::drain() {
  for (;;) {
    const int code = nl_recvmsgs_default(events.get());
    if (code == -NLE_AGAIN) return;
    if (code >= 0) continue;
    log::warn("node", "netlink events were lost, looking at everything anew: {}", nl_geterror(code));
    pending = {true, true, true, true};
    // ENOBUFS (NLE_NOMEM here) is reported once and the queue stays readable; anything else could repeat for ever.
    if (code != -NLE_NOMEM) return;
  }
}

Result<Watcher::Update> Watcher::State::read_stale_lists() {
  Update update;
  if (pending.devices) {
    SP_TRY_ASSIGN(now, dump_devices(questions.get()));
    pending.devices = false;
    if (now != devices) {
      pending.next_hops_changed = true;
      devices = std::move(now);
      std::vector<Device> plain;
      for (const DeviceWithAddress& each : devices) plain.push_back(each.device);
      update.facts_changed = plain != facts.devices;
      facts.devices = std::move(plain);
    }
  }
  if (pending.addresses) {
    SP_TRY_ASSIGN(now, dump_addresses(questions.get()));
    pending.addresses = false;
    if (now != facts.addresses) {
      update.facts_changed = true;
      facts.addresses = std::move(now);
    }
  }
  if (pending.neighbours) {
    SP_TRY(dump_neighbours(questions.get(), [this](auto... seen) { observe_neighbour(seen...); }));
    pending.neighbours = false;
  }
  update.routes_changed = std::exchange(pending.next_hops_changed, false);
  return update;
}

Watcher::Watcher(std::unique_ptr<State> state) : state_(std::move(state)) {}
Watcher::Watcher(Watcher&&) noexcept = default;
Watcher& Watcher::operator=(Watcher&&) noexcept = default;
Watcher::~Watcher() = default;

Result<Watcher> Watcher::open(std::string node_name) {
  SP_TRY_ASSIGN(events, connect_route_socket());
  SP_TRY_ASSIGN(questions, connect_route_socket());
  auto state = std::make_unique<State>(State{std::move(events), std::move(questions), {}, {}, {}, {}});
  std::transform(node_name.begin(), node_name.end(), node_name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  state->facts.node_name = std::move(node_name);

  nl_sock* socket = state->events.get();
  nl_socket_disable_seq_check(socket);
  const auto on_message = [](nl_msg* message, void* context) -> int {
    static_cast<State*>(context)->take(message);
    return NL_OK;
  };
  nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_message, state.get());
  // Best effort: the kernel cuts it to net.core.rmem_max.
  nl_socket_set_buffer_size(socket, kEventBufferBytes, 0);
  int code = nl_socket_add_memberships(socket, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                                       RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_NEIGH, 0);
  if (code >= 0) code = nl_socket_set_nonblocking(socket);
  if (code < 0) return netlink_error(code, "subscribe to changes");

  state->pending = {true, true, true, false};
  SP_TRY_ASSIGN(first, state->read_stale_lists());
  static_cast<void>(first);
  return Watcher(std::move(state));
}

int Watcher::fd() const {
  return nl_socket_get_fd(state_->events.get());
}

const Facts& Watcher::facts() const {
  return state_->facts;
}

Watcher::Update Watcher::refresh() {
  state_->drain();
  Result<Update> update = state_->read_stale_lists();
  if (update) return *update;
  // The lists stay marked as stale, so the next refresh() tries again. What was read before the error may have changed.
  log::warn("node", "{}", update.error().text());
  return Update{true, std::exchange(state_->pending.next_hops_changed, false)};
}

std::vector<Device> Watcher::default_route_devices() const {
  const auto ifindexes = dump_default_route_devices(state_->questions.get());
  if (!ifindexes) {
    log::warn("node", "{}", ifindexes.error().text());
    return {};
  }
  std::vector<Device> found;
  for (const std::uint32_t ifindex : *ifindexes) {
    for (const Device& device : state_->facts.devices) {
      if (device.ifindex == ifindex) found.push_back(device);
    }
  }
  return found;
}

Result<void> Watcher::keep_neighbour(std::uint32_t ifindex, const Ip& ip) {
  struct MessageDeleter {
    void operator()(nl_msg* message) const { nlmsg_free(message); }
  };
  const std::unique_ptr<nl_msg, MessageDeleter> message(nlmsg_alloc_simple(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE));
  if (!message) return Error{ENOMEM, "netlink: allocate a message"};
  const bool v4 = ip.family() == Family::v4;
  ndmsg body{};
  body.ndm_family = v4 ? AF_INET : AF_INET6;
  body.ndm_ifindex = static_cast<int>(ifindex);
  body.ndm_state = NUD_NONE;
  const __be32* bytes = v4 ? &ip.raw().w[3] : ip.raw().w;
  int code = nlmsg_append(message.get(), &body, sizeof body, NLMSG_ALIGNTO);
  if (code >= 0) code = nla_put(message.get(), NDA_DST, v4 ? 4 : 16, bytes);
  if (code >= 0) code = nla_put_u32(message.get(), NDA_FLAGS_EXT, NTF_EXT_MANAGED);
  // nl_send_sync() would free the message by itself.
  if (code >= 0) code = nl_send_auto(state_->questions.get(), message.get());
  if (code >= 0) code = nl_wait_for_ack(state_->questions.get());
  if (code < 0) return netlink_error(code, "keep neighbour " + ip.text());
  return {};
}

}  // namespace sp::node
