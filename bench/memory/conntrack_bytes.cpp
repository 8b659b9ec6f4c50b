// SPDX-License-Identifier: Apache-2.0
// A child in a namespace of its own: what it leaves behind goes away with it.
#include "bench/memory/conntrack_bytes.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "bench/kernel_nat/rules.h"
#include "loader/util/fd.h"

namespace sp::bench {
namespace {

constexpr const char* kClusterIp = "10.96.0.10";
constexpr const char* kEndpoint = "10.244.0.2";
constexpr std::uint16_t kPort = 53;
// 10.99.0.1, outside of the range of Pods: what comes from there is masqueraded, as NodePort traffic is, and an entry
// has an extension for that. It becomes one address, whose 64,512 ports end the connections (at 48,286 when tried).
constexpr std::uint32_t kFirstClient = 0x0a630001;
constexpr std::uint32_t kFirstPort = 1024;
constexpr std::uint32_t kPortsPerClient = 60'000;

struct Slabs {
  double conntrack = 0;
  double kmalloc = 0;
};

// "nf_conntrack 80 144 256 16 1 : tunables 0 0 0 : slabdata 9 9 0": pages of a slab are the 6th word, slabs the 15th.
Slabs slabs_now() {
  Slabs slabs;
  std::ifstream file("/proc/slabinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    std::string word;
    double pages = 0;
    double count = 0;
    words >> name;
    for (int place = 2; words >> word; ++place) {
      if (place == 6) pages = std::atof(word.c_str());
      if (place == 15) count = std::atof(word.c_str());
    }
    const double bytes = pages * count * static_cast<double>(::sysconf(_SC_PAGESIZE));
    if (name == "nf_conntrack") slabs.conntrack = bytes;
    if (name.starts_with("kmalloc-") && !name.starts_with("kmalloc-cg") && !name.starts_with("kmalloc-rcl")) {
      slabs.kmalloc += bytes;
    }
  }
  return slabs;
}

// Until the kernel has freed what namespaces held that are gone: it does so in its own time, seconds after a benchmark.
// Nothing tells of its end but the slabs, so this looks until they keep still; at most 20 s on a busy machine.
void await_still_slabs() {
  constexpr double kStillBytes = 64 << 10;
  constexpr int kStillReads = 5;
  Slabs last = slabs_now();
  for (int reads = 0, still = 0; reads < 100 && still < kStillReads; ++reads) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const Slabs now = slabs_now();
    const double moved = std::abs(now.conntrack - last.conntrack) + std::abs(now.kmalloc - last.kmalloc);
    still = moved < kStillBytes ? still + 1 : 0;
    last = now;
  }
}

bool run(const std::string& command) {
  return std::system(command.c_str()) == 0;
}

// One UDP Service by kube-proxy's rules, its endpoint and the clients' addresses on this host.
bool set_up(std::uint32_t clients) {
  std::string addresses =
      "ip link set lo up && ip addr add " + std::string(kEndpoint) + "/32 dev lo && ip route add default dev lo";
  for (std::uint32_t i = 0; i < clients; ++i) {
    const in_addr address{htonl(kFirstClient + i)};
    addresses += " && ip addr add " + std::string(inet_ntoa(address)) + "/32 dev lo";
  }
  NatService service;
  service.name = "default/dns";
  service.cluster_ip = *Ip::parse(kClusterIp);
  service.port = kPort;
  service.is_udp = true;
  service.endpoints = {{*Ip::parse(kEndpoint), kPort}};
  FILE* nft = run(addresses) ? ::popen("nft -f -", "w") : nullptr;
  if (nft == nullptr) return false;
  const std::string rules = nftables_of({service});
  std::fwrite(rules.data(), 1, rules.size(), nft);
  return ::pclose(nft) == 0;
}

// One datagram from each place in [first, end); each is a connection of its own.
bool open_connections(std::uint64_t first, std::uint64_t end) {
  sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(kPort), .sin_addr = {}, .sin_zero = {}};
  inet_pton(AF_INET, kClusterIp, &to.sin_addr);
  for (std::uint64_t i = first; i < end; ++i) {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in from{.sin_family = AF_INET, .sin_port = {}, .sin_addr = {}, .sin_zero = {}};
    from.sin_addr.s_addr = htonl(kFirstClient + static_cast<std::uint32_t>(i / kPortsPerClient));
    from.sin_port = htons(static_cast<std::uint16_t>(kFirstPort + i % kPortsPerClient));
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
        ::sendto(socket.get(), "?", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 1) {
      return false;
    }
  }
  return true;
}

std::uint64_t connections_now() {
  std::uint64_t count = 0;
  std::ifstream("/proc/sys/net/netfilter/nf_conntrack_count") >> count;
  return count;
}

// In the child: writes its results into the pipe.
[[noreturn]] void measure_alone(unsigned steps, std::uint64_t connections, int result) {
  const auto clients = static_cast<std::uint32_t>(steps * connections / kPortsPerClient + 1);
  if (::unshare(CLONE_NEWNET) != 0 || !set_up(clients)) ::_exit(2);
  await_still_slabs();
  for (unsigned step = 0; step < steps; ++step) {
    const Slabs before = slabs_now();
    const std::uint64_t had = connections_now();
    if (!open_connections(step * connections, (step + 1) * connections)) ::_exit(3);
    const Slabs after = slabs_now();
    ConntrackBytes bytes{.connections = connections_now() - had};
    const auto each = static_cast<double>(bytes.connections);
    bytes.entry = (after.conntrack - before.conntrack) / each;
    bytes.extensions = (after.kmalloc - before.kmalloc) / each;
    if (::write(result, &bytes, sizeof bytes) != sizeof bytes) ::_exit(4);
  }
  ::_exit(0);
}

}  // namespace

Result<std::vector<ConntrackBytes>> measure_conntrack(unsigned steps, std::uint64_t connections) {
  int ends[2];
  if (::pipe(ends) != 0) return errno_error(errno, "pipe");
  const Fd reader(ends[0]);
  Fd writer(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return errno_error(errno, "fork");
  if (child == 0) measure_alone(steps, connections, writer.get());
  writer.reset();
  std::vector<ConntrackBytes> out;
  for (ConntrackBytes bytes; ::read(reader.get(), &bytes, sizeof bytes) == sizeof bytes;) {
    if (bytes.connections >= connections / 2) out.push_back(bytes);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (out.size() != steps) {
    return Error{0, "nf_conntrack: opened " + std::to_string(out.size()) + " of " + std::to_string(steps) + " times " +
                        std::to_string(connections) + " connections, status " + std::to_string(WEXITSTATUS(status))};
  }
  return out;
}

}  // namespace sp::bench
