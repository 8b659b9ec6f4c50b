// SPDX-License-Identifier: Apache-2.0
// What a test does to a device of the thread's network namespace. Failures throw.
#pragma once

#include <bpf/libbpf.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "loader/util/fd.h"

namespace sp::test {

// ETHTOOL_S*: switches an offload.
inline void ethtool(const char* device, std::uint32_t command, std::uint32_t data) {
  const Fd any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ethtool_value value{.cmd = command, .data = data};
  ifreq request{};
  std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&value);
  if (::ioctl(any.get(), SIOCETHTOOL, &request) != 0) throw std::runtime_error("SIOCETHTOOL");
}

// The device has a clsact qdisc already.
inline void attach_tc(std::uint32_t ifindex, bpf_tc_attach_point point, const bpf_program* program) {
  LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = static_cast<int>(ifindex), .attach_point = point);
  LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(program));
  if (bpf_tc_attach(&hook, &opts) != 0) throw std::runtime_error("bpf_tc_attach");
}

}  // namespace sp::test
