// SPDX-License-Identifier: Apache-2.0
// Frames, from RFC 791 and RFC 9293.
#include "bench/node/road.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>

#include <cstring>
#include <numeric>

namespace sp::bench {

namespace {

// Backends that are sent to directly: a power of two of them, at addresses that differ in their last bits alone.
constexpr std::uint32_t kFirstDirect = 30;
constexpr std::uint32_t kDirect = 32;
// The backend's first sequence number.
constexpr std::uint32_t kBackendSeq = 0x10000;

struct Head {
  ethhdr eth{};
  iphdr ip{};
  tcphdr tcp{};
} __attribute__((packed));
static_assert(sizeof(Head) <= HEAD_BYTES);

std::uint32_t sum_words(const void* from, std::size_t bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes; i += 2) {
    std::uint16_t word = 0;
    std::memcpy(&word, static_cast<const char*>(from) + i, sizeof word);
    sum += word;
  }
  return sum;
}

void set_mac(unsigned char (&mac)[ETH_ALEN], MacByte last) {
  mac[0] = 2;
  mac[ETH_ALEN - 1] = last;
}

void set_link(Head& head, const Road& road, Stage stage) {
  const bool from_pod = road.is_local && stage == Stage::synack;
  set_mac(head.eth.h_source, from_pod ? kPodMac : kRouterMac);
  set_mac(head.eth.h_dest, from_pod ? kPodDeviceMac : kUplinkMac);
  head.eth.h_proto = htons(ETH_P_IP);
}

}  // namespace

Ip backend_ip(bool is_local, std::uint32_t number) {
  return Ip::v4(htonl((is_local ? 0x0af40100U : 0x0af40200U) + 2 + number));
}

Ip node_ip() {
  return Ip::v4(htonl(0xc0000201));
}

std::string mac_text(MacByte last) {
  constexpr const char* kDigits = "0123456789abcdef";
  return std::string("02:00:00:00:00:") + kDigits[last >> 4] + kDigits[last & 0xf];
}

stream frames_of(const Road& road, Stage stage, std::uint32_t first, std::uint32_t end) {
  Head head;
  set_link(head, road, stage);
  // Data fills the frame: no padding that the stack would have to cut off.
  const std::uint16_t ip_bytes =
      stage == Stage::established ? FRAME_BYTES - sizeof(ethhdr) : sizeof(iphdr) + sizeof(tcphdr);
  head.ip.version = 4;
  head.ip.ihl = 5;
  head.ip.ttl = 64;
  head.ip.protocol = IPPROTO_TCP;
  head.ip.frag_off = htons(0x4000);
  head.ip.tot_len = htons(ip_bytes);
  if (stage != Stage::synack)
    head.ip.daddr = (road.is_direct ? backend_ip(road.is_local, kFirstDirect) : node_ip()).raw().w[3];
  head.tcp.doff = 5;
  head.tcp.syn = stage != Stage::established;
  head.tcp.ack = stage != Stage::syn;
  head.tcp.window = htons(0xffff);
  if (stage == Stage::established) head.tcp.ack_seq = htonl(kBackendSeq + 1);
  if (stage == Stage::synack) head.tcp.seq = htonl(kBackendSeq);

  stream what{};
  std::memcpy(what.head, &head, sizeof head);
  // The generator adds its own part of the client's address to this one.
  const std::uint32_t client = stage == Stage::synack ? 0 : htonl(FIRST_CLIENT);
  const std::uint32_t addrs = sum_words(&client, sizeof client) + sum_words(&head.ip.daddr, sizeof head.ip.daddr);
  what.l3_sum = sum_words(&head.ip, sizeof head.ip) + sum_words(&client, sizeof client);
  what.l4_sum = sum_words(&head.tcp, sizeof head.tcp) + addrs + htons(IPPROTO_TCP) + htons(ip_bytes - sizeof(iphdr));
  what.position = first;
  what.step = 1;
  what.flows = end;
  what.first_port = road.is_direct ? BACKEND_PORT : road.port;
  what.port_mask = road.is_direct ? 0 : road.ports - 1;
  what.host_mask = road.is_direct ? kDirect - 1 : 0;
  what.sent = stage == Stage::syn ? 0 : 1;
  return what;
}

stream walk_over(const Road& road, std::uint32_t flows) {
  stream what = frames_of(road, Stage::established, 0, flows);
  // About the golden ratio: neighbours in time are far apart, and all have been there before one comes again.
  what.step = static_cast<std::uint32_t>(0.618 * flows);
  while (std::gcd(what.step, flows) != 1) ++what.step;
  return what;
}

}  // namespace sp::bench
