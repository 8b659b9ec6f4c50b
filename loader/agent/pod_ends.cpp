// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/pod_ends.h"

#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "loader/node/namespace_id.h"
#include "loader/util/netns_visit.h"

namespace sp::agent {
namespace {

namespace fs = std::filesystem;

Fd open_name(const fs::path& path) {
  return Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

// Asks the driver of a device, or tells it.
Result<std::uint32_t> ethtool(const Fd& any, ifreq request, std::uint32_t command, std::uint32_t data) {
  ethtool_value value{.cmd = command, .data = data};
  request.ifr_data = reinterpret_cast<char*>(&value);
  if (::ioctl(any.get(), SIOCETHTOOL, &request) != 0) return errno_error(errno, "ethtool");
  return value.data;
}

// Of the device `ifindex` in the thread's namespace.
Result<void> switch_gro_on(std::uint32_t ifindex) {
  const Fd any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  request.ifr_ifindex = static_cast<int>(ifindex);
  if (!any.valid() || ::ioctl(any.get(), SIOCGIFNAME, &request) != 0) return errno_error(errno, "find the device");
  SP_TRY_ASSIGN(on, ethtool(any, request, ETHTOOL_GGRO, 0));
  if (on != 0) return {};
  SP_TRY(ethtool(any, request, ETHTOOL_SGRO, 1));
  SP_TRY_ASSIGN(now_on, ethtool(any, request, ETHTOOL_GGRO, 0));
  return now_on != 0 ? Result<void>() : Error{EOPNOTSUPP, "ethtool"};
}

Error explained(const Error& error) {
  if (error.err == EPERM || error.err == EACCES) {
    return Error{0,
                 "the Pod's network namespace is closed to the agent: give it CAP_SYS_ADMIN (setns) and "
                 "CAP_NET_ADMIN"};
  }
  return Error{0, "GRO of the Pod's end cannot be switched on: " + error.text()};
}

}  // namespace

Result<void> PodEnds::admit_xdp(const node::Device& device) {
  SP_TRY_ASSIGN(there, namespace_of(device.peer_namespace));
  SP_TRY_ASSIGN(home, open_own_netns());
  const auto visit = NetnsVisit::enter(there, home);
  if (!visit) return explained(visit.error());
  const auto switched = switch_gro_on(device.peer_ifindex);
  return switched ? Result<void>() : explained(switched.error());
}

// A number is given out again when its namespace has gone, and so is a name: the known one is asked again.
Result<Fd> PodEnds::namespace_of(std::int32_t id) {
  SP_TRY_ASSIGN(socket, node::connect_route_socket());
  for (const bool looked : {false, true}) {
    if (looked) SP_TRY(look());
    const auto name = names_.find(id);
    if (name == names_.end()) continue;
    Fd fd = open_name(name->second);
    if (!fd.valid()) continue;
    SP_TRY_ASSIGN(actual, node::namespace_id(socket.get(), fd));
    if (actual == id) return fd;
  }
  return Error{0, "the Pod's network namespace has no name under " + folder_.string() +
                      ": mount the host's into the agent's container, if it has one"};
}

Result<void> PodEnds::look() {
  SP_TRY_ASSIGN(socket, node::connect_route_socket());
  names_.clear();
  std::error_code ended;
  for (fs::directory_iterator entry(folder_, ended), end; !ended && entry != end; entry.increment(ended)) {
    const Fd fd = open_name(entry->path());
    if (!fd.valid()) continue;
    SP_TRY_ASSIGN(id, node::namespace_id(socket.get(), fd));
    if (id) names_[*id] = entry->path();
  }
  return {};
}

}  // namespace sp::agent
