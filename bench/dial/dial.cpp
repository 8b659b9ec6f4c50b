// SPDX-License-Identifier: Apache-2.0
// What connect() to a ClusterIP costs beside connect() to the Pod, with 1 and with 10,000 Services in the maps.
//
// A Pod dials a Pod over two veths and the node between them. A socket belongs to the cgroup that opened it, so sockets
// of one round can be without hooks, or under those of either table, and take turns. Judges nothing.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <fstream>
#include <random>
#include <stdexcept>
#include <vector>

#include "bench/dial/dialled_node.h"
#include "loader/util/fd.h"

namespace {

using namespace sp;
using bench::DialledNode;
using test::Sandbox;

constexpr int kRounds = 61;
constexpr int kTurns = 100;  // connects of each kind in a round
constexpr std::uint32_t kMany = 10000;

void must(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

// This process in a cgroup, for the sockets that it opens next.
void enter_cgroup(const std::filesystem::path& path) {
  std::ofstream out(path / "cgroup.procs");
  if (!(out << "0" << std::flush)) throw std::runtime_error("enter " + path.string());
}

std::filesystem::path own_cgroup() {
  std::ifstream mine("/proc/self/cgroup");
  for (std::string line; std::getline(mine, line);) {
    if (line.starts_with("0::")) return test::cgroup_root().string() + line.substr(3);
  }
  throw std::runtime_error("this process has no cgroup of version 2");
}

Fd open_netns(const char* path) {
  Fd netns(::open(path, O_RDONLY | O_CLOEXEC));
  must(netns.valid(), path);
  return netns;
}

void enter_netns(const char* path) {
  must(::setns(open_netns(path).get(), CLONE_NEWNET) == 0, path);
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Address address_of(const Ip& ip, std::uint16_t port) {
  Address out;
  if (ip.family() == Family::v4) {
    auto* to = reinterpret_cast<sockaddr_in*>(&out.storage);
    *to = {AF_INET, htons(port), {ip.raw().w[3]}, {}};
    out.size = sizeof *to;
  } else {
    auto* to = reinterpret_cast<sockaddr_in6*>(&out.storage);
    to->sin6_family = AF_INET6;
    to->sin6_port = htons(port);
    std::memcpy(&to->sin6_addr, ip.raw().w, 16);
    out.size = sizeof *to;
  }
  return out;
}

struct Transport {
  const char* name;
  Family family;
  int type;
};

Fd open_socket(const Transport& transport) {
  Fd fd(::socket(transport.family == Family::v4 ? AF_INET : AF_INET6, transport.type | SOCK_CLOEXEC, 0));
  must(fd.valid(), "socket");
  // No TIME-WAIT: ports would run out.
  const linger reset{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  return fd;
}

// Nanoseconds of one connect(), after which the server has taken the connection and dropped it.
double connect_ns(const Fd& socket, const Address& to, const Fd& server) {
  const auto before = std::chrono::steady_clock::now();
  const int ret = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to.storage), to.size);
  const auto after = std::chrono::steady_clock::now();
  must(ret == 0, "connect");
  if (server.valid()) {
    const Fd taken(::accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
    must(taken.valid(), "accept");
  }
  return std::chrono::duration<double, std::nano>(after - before).count();
}

double quartile(std::vector<double> values, std::size_t fourths) {
  std::sort(values.begin(), values.end());
  return values[(values.size() - 1) * fourths / 4];
}

void print(const char* what, const std::vector<double>& values) {
  std::printf("  %-42s %8.0f %8.0f %8.0f\n", what, quartile(values, 1), quartile(values, 2), quartile(values, 3));
}

// kHotService: always the same of many. kColdService: another one each time, so that no row is in a cache.
enum Kind : std::uint8_t { kBare, kFewPod, kFewService, kManyPod, kHotService, kColdService, kKinds };

class Dialling {
 public:
  Dialling(const Sandbox& sandbox, std::filesystem::path home)
      : home_(std::move(home)), few_(sandbox, "few", 1), many_(sandbox, "many", kMany) {
    node_netns_ = open_netns("/proc/thread-self/ns/net");
    enter_netns("/run/netns/server");
    for (const Family family : {Family::v4, Family::v6}) {
      const Transport tcp{"", family, SOCK_STREAM};
      Fd& server = servers_[static_cast<std::size_t>(family)];
      server = open_socket(tcp);
      const Address at = address_of(bench::server_ip(family), bench::kServerPort);
      must(::bind(server.get(), reinterpret_cast<const sockaddr*>(&at.storage), at.size) == 0, "bind");
      must(::listen(server.get(), 128) == 0, "listen");
    }
    enter_netns("/run/netns/client");
  }
  ~Dialling() { enter_cgroup(home_); }
  Dialling(const Dialling&) = delete;
  Dialling& operator=(const Dialling&) = delete;

  void run(const Transport& transport) {
    std::array<std::vector<double>, kKinds> medians;
    std::array<std::vector<double>, kKinds> extra;
    for (int round = 0; round < kRounds; ++round) {
      const auto now = medians_of_round(transport);
      for (std::size_t kind = 0; kind < kKinds; ++kind) medians[kind].push_back(now[kind]);
      extra[kFewService].push_back(now[kFewService] - now[kFewPod]);
      extra[kHotService].push_back(now[kHotService] - now[kManyPod]);
      extra[kColdService].push_back(now[kColdService] - now[kManyPod]);
      extra[kBare].push_back(now[kManyPod] - now[kBare]);
    }
    std::printf("%s: ns of connect()%28s %8s %8s %8s\n", transport.name, "", "q1", "median", "q3");
    print("Pod, no hooks", medians[kBare]);
    print("Pod", medians[kManyPod]);
    print("ClusterIP, 1 Service", medians[kFewService]);
    print("ClusterIP, 10,000 Services, one dialled", medians[kHotService]);
    print("ClusterIP, 10,000 Services, all dialled", medians[kColdService]);
    std::printf(" more than without hooks\n");
    print("Pod", extra[kBare]);
    std::printf(" more than to the Pod\n");
    print("ClusterIP, 1 Service", extra[kFewService]);
    print("ClusterIP, 10,000 Services, one dialled", extra[kHotService]);
    print("ClusterIP, 10,000 Services, all dialled", extra[kColdService]);
  }

 private:
  Address target(Kind kind, Family family) {
    if (kind == kFewService || kind == kHotService)
      return address_of(bench::cluster_ip(family, 0), bench::kServicePort);
    if (kind != kColdService) return address_of(bench::server_ip(family), bench::kServerPort);
    return address_of(bench::cluster_ip(family, static_cast<std::uint32_t>(random_() % kMany)), bench::kServicePort);
  }

  std::array<double, kKinds> medians_of_round(const Transport& transport) {
    std::array<std::vector<Fd>, kKinds> sockets;
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      enter_cgroup(kind == kBare ? home_ : (kind < kManyPod ? few_ : many_).cgroup());
      for (int i = 0; i < kTurns; ++i) sockets[kind].push_back(open_socket(transport));
    }
    const Fd none;
    const bool tcp = transport.type == SOCK_STREAM;
    const Fd& server = tcp ? servers_[static_cast<std::size_t>(transport.family)] : none;
    std::array<std::vector<double>, kKinds> times;
    for (int i = 0; i < kTurns; ++i) {
      for (std::size_t turn = 0; turn < kKinds; ++turn) {
        // Whoever comes first pays for what the pause has cooled.
        const std::size_t kind = (turn + static_cast<std::size_t>(i)) % kKinds;
        const Address to = target(static_cast<Kind>(kind), transport.family);
        times[kind].push_back(connect_ns(sockets[kind][static_cast<std::size_t>(i)], to, server));
        sockets[kind][static_cast<std::size_t>(i)] = Fd();
      }
    }
    std::array<double, kKinds> medians{};
    for (std::size_t kind = 0; kind < kKinds; ++kind) medians[kind] = quartile(times[kind], 2);
    return medians;
  }

  std::filesystem::path home_;
  DialledNode few_;
  DialledNode many_;
  std::array<Fd, 2> servers_;
  Fd node_netns_;  // nobody lives there any more
  std::mt19937 random_{1};
};

}  // namespace

int main() {
  try {
    const auto home = own_cgroup();
    Sandbox sandbox;
    bench::lay_cables(sandbox);
    Dialling dialling(sandbox, home);
    std::printf("%d rounds of %d turns; quartiles are over the medians of rounds\n", kRounds, kTurns);
    for (const Transport& transport :
         {Transport{"TCP, IPv4", Family::v4, SOCK_STREAM}, Transport{"TCP, IPv6", Family::v6, SOCK_STREAM},
          Transport{"UDP, IPv4", Family::v4, SOCK_DGRAM}, Transport{"UDP, IPv6", Family::v6, SOCK_DGRAM}}) {
      dialling.run(transport);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_dial: %s\n", error.what());
    return 1;
  }
  return 0;
}
