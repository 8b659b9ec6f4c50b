// SPDX-License-Identifier: Apache-2.0
// LocalDelivery: the way of packets from outside to Pods of this node, once XDP has translated them.
#pragma once

#include <cstdint>

namespace sp::agent {

enum class LocalDelivery : std::uint8_t {
  stack,  // of this node: it routes them, and all that is hooked there sees them
  peer,   // handed to the Pod's end of its veth at tc (bpf_redirect_peer)
  xdp,    // transmitted to the Pod's end of its veth by XDP
};

}  // namespace sp::agent
