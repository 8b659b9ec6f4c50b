// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/socket_bed.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "maps/socket.h"
#include "tests/harness/must.h"

namespace sp::test {
namespace {

namespace fs = std::filesystem;

void write_text(const fs::path& file, const std::string& text) {
  std::ofstream out(file);
  if (!(out << text << std::flush)) throw std::runtime_error("write " + text + " to " + file.string());
}

Fd this_netns() {
  Fd fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) throw std::runtime_error("open the network namespace");
  return fd;
}

void enter(const Fd& netns) {
  if (::setns(netns.get(), CLONE_NEWNET) != 0) throw std::runtime_error("setns");
}

void give_addresses() {
  if (std::system("ip link set lo up && ip addr add 10.0.0.1/32 dev lo && ip addr add 10.0.0.2/32 dev lo && "
                  "ip addr add fd00::1/128 dev lo nodad && ip addr add fd00::2/128 dev lo nodad") != 0) {
    throw std::runtime_error("addresses of lo");
  }
}

template <typename K, typename V>
kernel::Map<K, V> open_map(const fs::path& pin_path, const char* name, bpf_map_type type) {
  return must(kernel::Map<K, V>::open(pin_path, name, type, kernel::Access::read_write));
}

}  // namespace

fs::path cgroup_root() {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream words(line);
    std::string skipped, place;
    words >> skipped >> skipped >> skipped >> skipped >> place;
    return place;
  }
  return {};
}

Cgroup::Cgroup(const std::string& name) : path_(cgroup_root() / (name + "-" + std::to_string(::getpid()))) {
  if (!fs::create_directory(path_)) throw std::runtime_error("make cgroup " + path_.string());
}

void Cgroup::join() {
  std::ifstream mine("/proc/self/cgroup");
  for (std::string line; std::getline(mine, line);) {
    if (line.starts_with("0::")) home_ = cgroup_root().string() + line.substr(3);
  }
  write_text(path_ / "cgroup.procs", "0");
}

Cgroup::~Cgroup() {
  if (!home_.empty()) write_text(home_ / "cgroup.procs", "0");
  std::error_code ignored;
  fs::remove(path_, ignored);
}

Pod::Pod() {
  const Fd home = this_netns();
  if (::unshare(CLONE_NEWNET) != 0) throw std::runtime_error("unshare");
  give_addresses();
  netns_ = this_netns();
  enter(home);
}

void Pod::name(const fs::path& file) const {
  write_text(file, "");
  const std::string self = "/proc/self/fd/" + std::to_string(netns_.get());
  if (::mount(self.c_str(), file.c_str(), nullptr, MS_BIND, nullptr) != 0) throw std::runtime_error("name a namespace");
}

Pod::Visit::Visit(const Pod& pod) : home_(this_netns()) {
  enter(pod.netns_);
}

Pod::Visit::~Visit() {
  if (::setns(home_.get(), CLONE_NEWNET) != 0) std::abort();
}

SocketBed::SocketBed() : cgroup_("sp-socket-bed"), pin_path_(sandbox_.bpffs() / "agent") {
  give_addresses();
  cgroup_.join();
  plane_.emplace(
      must(kernel::DataPlane::open({.pin_path = pin_path_, .sizes = {1024, 1024, 256, 256, 4096, 1024, 8192, 4096}})));
  reader_.emplace(must(kernel::Reader::open(pin_path_, kernel::Arrays::left_out)));
  must(plane_->attach_sockets(cgroup_.path()));
  clear();
}

SocketBed::Service SocketBed::add_service(const std::vector<Door>& backends, std::uint32_t flags) {
  Service service{next_service_++, {}};
  const auto tables = plane_->tables();
  const auto count = static_cast<std::uint32_t>(backends.size());
  tables.services[service.id] = {next_slot_, count, flags, 100};
  for (const Door& door : backends) {
    tables.backends[next_backend_] = {
        door.ip.raw(), Be16::from_host(door.port).raw, SP_BACKEND_USED | SP_BACKEND_SELECTED, 1, service.id, 0};
    tables.slots[next_slot_++] = next_backend_;
    service.backends.push_back(next_backend_++);
  }
  return service;
}

void SocketBed::add_frontend(const Door& door, Protocol protocol, const Service& service, sp_scope scope,
                             std::uint16_t flags) {
  const sp_frontend_key key{door.ip.raw(), Be16::from_host(door.port).raw, static_cast<__u8>(protocol),
                            static_cast<__u8>(scope)};
  must(plane_->tables().frontends.update(key, {service.id, flags, SP_KIND_CLUSTER_IP}));
}

void SocketBed::retire(const Service& service, std::uint32_t backend) {
  const auto tables = plane_->tables();
  sp_service_val& row = tables.services[service.id];
  __u64* const begin = &tables.slots[row.slot_base];
  const auto end = std::remove(begin, begin + row.slot_count, backend);
  row.slot_count = static_cast<__u32>(end - begin);
  tables.backends[backend].flags = SP_BACKEND_USED;
  ++tables.backends[backend].generation;
}

sp_networks_val SocketBed::no_networks() {
  sp_networks_val none{};
  const sp_network unused{{{~0U, ~0U, ~0U, ~0U}}, {}, 0, {}};
  for (auto& pods : none.pods) pods = unused;
  for (auto& family : none.services) std::fill(std::begin(family), std::end(family), unused);
  return none;
}

void SocketBed::set_networks(const sp_networks_val& networks) {
  must(open_map<__u32, sp_networks_val>(pin_path_, "sp_networks", BPF_MAP_TYPE_ARRAY).update(0, networks));
}

void SocketBed::set_service_ip(const Ip& ip, std::optional<sp_service_ip> what) {
  auto map = open_map<sp_addr, __u32>(pin_path_, "sp_service_ips", BPF_MAP_TYPE_HASH);
  must(what ? map.update(ip.raw(), *what) : map.erase(ip.raw()));
}

void SocketBed::clear() {
  auto& frontends = plane_->tables().frontends;
  std::vector<sp_frontend_key> keys;
  must(frontends.for_each([&](const auto& key, const auto&) { keys.push_back(key); }));
  for (const auto& key : keys) must(frontends.erase(key));
  set_networks(no_networks());
  last_counters_ = must(reader_->counters());
}

std::map<std::string, std::uint64_t> SocketBed::counts() {
  static const std::map<int, std::string> names{
#define SP_NAME(symbol, number, name, text) {number, name},
      SP_REASONS(SP_NAME)
#undef SP_NAME
  };
  std::map<std::string, std::uint64_t> moved;
  auto now = must(reader_->counters());
  for (const auto& [number, name] : names) {
    const auto difference = now.at(number).packets - last_counters_.at(number).packets;
    if (difference != 0) moved[name] = difference;
  }
  last_counters_ = std::move(now);
  return moved;
}

std::optional<Door> SocketBed::backend_of(std::uint64_t cookie, const Door& door) const {
  const sp_sock_peer_key key{cookie, door.ip.raw(), Be16::from_host(door.port).raw, SP_SOCK_TO_BACKEND, {}};
  const auto peer =
      must(open_map<sp_sock_peer_key, sp_sock_peer_val>(pin_path_, "sp_sock_peers", BPF_MAP_TYPE_LRU_HASH).lookup(key));
  if (!peer) return std::nullopt;
  return Door{Ip(peer->addr), Be16{peer->port}.to_host()};
}

SocketBed& socket_bed() {
  static SocketBed bed;
  return bed;
}

}  // namespace sp::test
