// SPDX-License-Identifier: Apache-2.0
// RemoteBackendTest: a NodePort with one backend on another node, and what its packets must look like on either side.
#pragma once

#include <linux/bpf.h>

#include "testbed.h"

namespace sp::test {

inline constexpr std::uint16_t kNodePort = 30000;
inline constexpr std::uint16_t kPodPort = 8086;

class RemoteBackendTest : public PacketTest {
 protected:
  // A service with one remote backend at the node's own address.
  Testbed::Service expose(Protocol protocol = Protocol::tcp) { return expose(at.remote_pod, protocol); }
  Testbed::Service expose(const Ip& backend, Protocol protocol = Protocol::tcp) {
    const auto service = bed.add_service({{backend, kPodPort}});
    bed.add_frontend(at.node, kNodePort, protocol, service, SP_FRONTEND_NODE_ADDR);
    return service;
  }
  // What the request must look like towards the backend, given the source port that was claimed.
  [[nodiscard]] Packet translated(Packet request, std::uint16_t port) const {
    request.eth_src = Mac{0x01};
    request.eth_dst = Mac{0x02};
    request.src = at.node;
    request.sport = port;
    request.dst = at.remote_pod;
    request.dport = kPodPort;
    request.ttl--;
    return request;
  }
  [[nodiscard]] Packet from_backend(std::uint16_t port) const {
    Packet reply;
    reply.eth_src = Mac{0x02};
    reply.src = at.remote_pod;
    reply.sport = kPodPort;
    reply.dst = at.node;
    reply.dport = port;
    return reply;
  }
  [[nodiscard]] Packet untranslated(Packet reply) const {
    reply.eth_src = Mac{0x01};
    reply.eth_dst = Mac{0xfe};
    reply.src = at.node;
    reply.sport = kNodePort;
    reply.dst = at.client;
    reply.dport = 40000;
    reply.ttl--;
    return reply;
  }
  // Runs a TCP handshake; returns the claimed source port.
  std::uint16_t handshake() {
    Packet syn = from_client(at.node, kNodePort);
    syn.flags = kSyn;
    syn.seq = 1000;
    const auto out = bed.xdp(syn);
    const std::uint16_t port = source_port(out.frame);
    Packet synack = from_backend(port);
    synack.flags = kSyn | kAck;
    synack.seq = 5000;
    synack.ack = 1001;
    bed.xdp(synack);
    Packet ack = from_client(at.node, kNodePort);
    ack.flags = kAck;
    ack.seq = 1001;
    ack.ack = 5001;
    bed.xdp(ack);
    return port;
  }
};

}  // namespace sp::test
