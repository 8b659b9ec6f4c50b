// SPDX-License-Identifier: Apache-2.0
// InsideTest: a Service at the VIP, dialled from inside: by the Pod behind pod0, or by a process of the node.
#pragma once

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "answers.h"
#include "testbed.h"

namespace sp::test {

inline constexpr std::uint16_t kServicePort = 80;
inline constexpr std::uint16_t kEndpointPort = 8086;
inline constexpr std::uint16_t kClientPort = 40000;

class InsideTest : public PacketTest {
 protected:
  Testbed::Service expose(const Ip& backend, sp_scope scope, Protocol protocol = Protocol::tcp,
                          std::uint16_t flags = SP_FRONTEND_KEEP_SOURCE) {
    const auto service = bed.add_service({{backend, kEndpointPort}});
    bed.add_frontend(at.vip, kServicePort, protocol, service, flags, scope);
    return service;
  }
  // A SYN, or a datagram.
  [[nodiscard]] Packet from_pod(Protocol protocol = Protocol::tcp) const {
    Packet packet = from_client(at.vip, kServicePort, protocol);
    packet.src = at.pod;
    packet.eth_src = Mac{0x0b};
    packet.eth_dst = Mac{0x21};
    if (protocol == Protocol::tcp) packet.flags = kSyn;
    packet.payload = "question";
    return packet;
  }
  [[nodiscard]] Packet from_node(Protocol protocol = Protocol::tcp) const {
    Packet packet = from_pod(protocol);
    packet.src = at.node;
    packet.eth_src = Mac{0x01};
    packet.eth_dst = Mac{0xfe};
    return packet;
  }
  [[nodiscard]] static Packet to_backend(Packet request, const Ip& backend) {
    request.dst = backend;
    request.dport = kEndpointPort;
    return request;
  }
  // The same, with a source of the node: it was routed by us.
  [[nodiscard]] static Packet masqueraded(const Packet& request, const Ip& backend, const Ip& source,
                                          std::uint16_t port) {
    Packet out = to_backend(request, backend);
    out.src = source;
    out.sport = port;
    out.ttl--;
    return out;
  }
  // What answers `translated`, a packet that a backend got: a SYN-ACK, or a datagram.
  [[nodiscard]] static Packet reply_to(const Packet& translated) {
    Packet reply;
    reply.src = translated.dst;
    reply.dst = translated.src;
    reply.sport = translated.dport;
    reply.dport = translated.sport;
    reply.protocol = translated.protocol;
    if (reply.protocol == Protocol::tcp) {
      reply.flags = kSyn | kAck;
      reply.seq = 7000;
      reply.ack = translated.seq + 1;
    }
    reply.payload = "an answer";
    return reply;
  }
  // The reply as the sender of `request` must see it.
  [[nodiscard]] static Packet from_frontend(Packet reply, const Packet& request) {
    reply.src = request.dst;
    reply.sport = request.dport;
    reply.dst = request.src;
    reply.dport = request.sport;
    return reply;
  }
  // The segment that proves the handshake.
  [[nodiscard]] static Packet ack_of(Packet request) {
    request.flags = kAck;
    request.seq++;
    request.ack = 7001;
    return request;
  }
};

}  // namespace sp::test
