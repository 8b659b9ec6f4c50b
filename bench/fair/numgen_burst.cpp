// SPDX-License-Identifier: Apache-2.0
// Clients and endpoints are addresses of one namespace's loopback device: the rules at the output hook pick an endpoint
// as those at the input of a node do, and one socket hears all endpoints.
#include "bench/fair/numgen_burst.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "bench/fair/every_cpu.h"
#include "bench/kernel_nat/rules.h"
#include "loader/util/fd.h"
#include "tests/harness/netns.h"

namespace sp::bench {

namespace {

constexpr const char* kNamespace = "sp-fair-numgen";
constexpr std::uint32_t kClient = 0x0af40001;         // 10.244.0.1, a Pod: nothing is masqueraded
constexpr std::uint32_t kClusterIp = 0x0a600050;      // 10.96.0.80
constexpr std::uint32_t kFirstEndpoint = 0x0af40100;  // 10.244.1.0
constexpr std::uint16_t kServicePort = 53;
constexpr std::uint16_t kEndpointPort = 53;  // below those of clients, which live on the same device
constexpr std::uint16_t kFirstClientPort = 1024;
constexpr int kPatienceMs = 5000;

void must(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("datagrams: ") + what + ": " + std::strerror(errno));
}

sockaddr_in at(std::uint32_t ip, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(ip);
  address.sin_port = htons(port);
  return address;
}

std::string rules(std::size_t backends) {
  NatService dns{.name = "default/dns",
                 .cluster_ip = Ip::v4(htonl(kClusterIp)),
                 .port = kServicePort,
                 .is_udp = true,
                 .endpoints = {}};
  for (std::size_t i = 0; i < backends; ++i)
    dns.endpoints.emplace_back(Ip::v4(htonl(kFirstEndpoint + static_cast<std::uint32_t>(i))), kEndpointPort);
  return nftables_of({dns});
}

// The namespace, for as long as the object lives.
class Node {
 public:
  Node(test::Sandbox& sandbox, std::size_t backends) : sandbox_(sandbox) {
    sandbox_.add_namespace(kNamespace);
    // Every address of a range on loopback is local, Pods and endpoints alike.
    inside("ip link set lo up");
    inside("ip addr add 10.244.0.1/16 dev lo");
    inside("ip route add default dev lo");
    const std::string file = sandbox_.bpffs().string() + ".nft";
    std::ofstream(file) << rules(backends);
    inside("nft -f " + file);
    std::filesystem::remove(file);
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node() { static_cast<void>(std::system((std::string("ip netns del ") + kNamespace).c_str())); }

 private:
  void inside(const std::string& command) { sandbox_.run(std::string("ip netns exec ") + kNamespace + " " + command); }

  test::Sandbox& sandbox_;
};

// Hears all endpoints. Its buffer holds a whole burst: nothing is read before the last datagram is on its way.
Fd open_ear(std::size_t flows) {
  Fd ear(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  must(ear.valid(), "socket");
  const int yes = 1;
  const int room = static_cast<int>(flows) * 1024;  // a datagram of one byte counts as an skb
  must(::setsockopt(ear.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) == 0, "SO_RCVBUFFORCE");
  must(::setsockopt(ear.get(), IPPROTO_IP, IP_PKTINFO, &yes, sizeof yes) == 0, "IP_PKTINFO");
  const sockaddr_in any = at(INADDR_ANY, kEndpointPort);
  must(::bind(ear.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0, "bind");
  return ear;
}

// The address that the next datagram was received at.
std::uint32_t hear(const Fd& ear) {
  pollfd ready{ear.get(), POLLIN, 0};
  if (::poll(&ready, 1, kPatienceMs) != 1) throw std::runtime_error("a datagram did not come to any endpoint");
  char byte;
  iovec into{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(in_pktinfo))];
  msghdr message{};
  message.msg_iov = &into;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  must(::recvmsg(ear.get(), &message, 0) == 1, "recvmsg");
  in_pktinfo info{};
  std::memcpy(&info, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof info);
  return ntohl(info.ipi_addr.s_addr);
}

void send_one(std::uint16_t client_port) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  must(socket.valid(), "socket");
  const sockaddr_in from = at(kClient, client_port);
  const sockaddr_in to = at(kClusterIp, kServicePort);
  must(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0, "bind a client");
  must(::sendto(socket.get(), "?", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 1, "sendto");
}

}  // namespace

Tally burst_of_datagrams(test::Sandbox& sandbox, const std::vector<int>& cpus, std::size_t backends,
                         std::size_t flows) {
  const Node node(sandbox, backends);
  const Result<test::NetnsScope> inside = test::NetnsScope::enter(kNamespace);
  if (!inside) throw std::runtime_error(inside.error().text());
  const Fd ear = open_ear(flows);
  on_every_cpu(cpus, flows, [](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) send_one(static_cast<std::uint16_t>(kFirstClientPort + i));
  });
  Tally tally(backends);
  for (std::size_t i = 0; i < flows; ++i) tally.at(hear(ear) - kFirstEndpoint)++;
  return tally;
}

}  // namespace sp::bench
