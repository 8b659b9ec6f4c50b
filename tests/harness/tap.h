// SPDX-License-Identifier: Apache-2.0
// Tap: the frames that a device of the thread's network namespace receives.
#pragma once

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "loader/util/fd.h"
#include "loader/util/ip.h"
#include "packet.h"

namespace sp::test {

class Tap {
 public:
  explicit Tap(const char* device) : fd_(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)) {
    sockaddr_ll at{};
    at.sll_family = AF_PACKET;
    at.sll_protocol = Be16::from_host(ETH_P_ALL).raw;
    at.sll_ifindex = static_cast<int>(::if_nametoindex(device));
    if (::bind(fd_.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) throw std::runtime_error("AF_PACKET");
  }

  // The next frame that `is_wanted` takes; empty after two seconds without any.
  template <typename Wanted>
  [[nodiscard]] Bytes next(const Wanted& is_wanted) const {
    pollfd ready{fd_.get(), POLLIN, 0};
    while (::poll(&ready, 1, 2000) > 0) {
      Bytes frame(2048);
      frame.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(fd_.get(), frame.data(), frame.size()))));
      if (is_wanted(frame)) return frame;
    }
    return {};
  }

 private:
  Fd fd_;
};

}  // namespace sp::test
