// SPDX-License-Identifier: Apache-2.0
// Opening one connection by packets, and filling tables in batches.
#include "bench/prog/flows.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>

namespace sp::bench {

namespace {

using test::Packet;

constexpr unsigned kClientBits = 16;
constexpr unsigned kBackendBits = 7;
constexpr std::uint16_t kFrontendPort = 30000;
constexpr std::uint16_t kBackendPort = 8086;
constexpr std::uint16_t kFirstClientPort = 20000;
constexpr std::uint16_t kFirstSnatPort = 1024;
constexpr std::size_t kBatch = 8192;

bpf_map* flow_table(Rig& rig, V4) {
  return rig.bed().bpf().maps.sp_flows4;
}
bpf_map* flow_table(Rig& rig, V6) {
  return rig.bed().bpf().maps.sp_flows6;
}
bpf_map* bare_table(Rig& rig, V4) {
  return rig.yardstick().maps.bare_flows4;
}
bpf_map* bare_table(Rig& rig, V6) {
  return rig.yardstick().maps.bare_flows6;
}

template <typename Row>
void put_all(bpf_map* map, const std::vector<Row>& values, const void* keys) {
  __u32 count = static_cast<__u32>(values.size());
  const int ret = bpf_map_update_batch(bpf_map__fd(map), keys, values.data(), &count, nullptr);
  if (ret < 0) throw std::runtime_error(std::string(bpf_map__name(map)) + ": update: " + std::strerror(-ret));
}

void delete_all(bpf_map* map, const void* keys, std::size_t size) {
  __u32 count = static_cast<__u32>(size);
  const int ret = bpf_map_delete_batch(bpf_map__fd(map), keys, &count, nullptr);
  if (ret < 0) throw std::runtime_error(std::string(bpf_map__name(map)) + ": delete: " + std::strerror(-ret));
}

template <typename Val, typename Key>
Val row_at(bpf_map* map, const Key& key) {
  Val val{};
  if (bpf_map_lookup_elem(bpf_map__fd(map), &key, &val) != 0)
    throw std::runtime_error(std::string(bpf_map__name(map)) + ": the packet path did not establish the connection");
  return val;
}

}  // namespace

template <typename F>
Connections<F>::Connections(Rig& rig, Protocol protocol)
    : rig_(&rig), plan_(test::plan(F::kWords == 1 ? Family::v4 : Family::v6)), protocol_(protocol) {
  std::vector<std::pair<Ip, std::uint16_t>> backends;
  for (std::uint32_t i = 0; i < 1u << kBackendBits; ++i)
    backends.emplace_back(further(plan_.remote_pod, i), kBackendPort);
  service_ = rig.bed().add_service(backends);
  rig.bed().add_frontend(plan_.node, kFrontendPort, protocol, service_, SP_FRONTEND_NODE_ADDR);
  open();
}

template <typename F>
Connection Connections<F>::at(std::uint32_t number) const {
  const std::uint32_t backend = number & ((1u << kBackendBits) - 1);
  return {further(rig_->clients(), number & ((1u << kClientBits) - 1)),
          static_cast<std::uint16_t>(kFirstClientPort + (number >> kClientBits)), further(plan_.remote_pod, backend),
          service_.backends.at(backend), static_cast<std::uint16_t>(kFirstSnatPort + (number >> kBackendBits))};
}

template <typename F>
Packet Connections<F>::request(const Connection& connection, std::uint8_t flags) const {
  Packet packet;
  packet.protocol = protocol_;
  packet.src = connection.client;
  packet.dst = plan_.node;
  packet.sport = connection.client_port;
  packet.dport = kFrontendPort;
  packet.flags = flags;
  packet.ack = 1;
  return packet;
}

template <typename F>
Packet Connections<F>::reply(const Connection& connection, std::uint8_t flags) const {
  Packet packet;
  packet.protocol = protocol_;
  packet.src = connection.backend;
  packet.dst = plan_.node;
  packet.sport = kBackendPort;
  packet.dport = connection.snat_port;
  packet.flags = flags;
  return packet;
}

template <typename F>
Stream Connections<F>::requests(std::uint32_t count) const {
  return {request(at(0), test::kAck), count, kClientBits, false};
}

template <typename F>
Stream Connections<F>::replies(std::uint32_t count) const {
  return {reply(at(0), test::kAck), count, kBackendBits, true};
}

template <typename F>
Packet Connections<F>::translated_request(std::uint32_t number) const {
  const Connection connection = at(number);
  Packet packet = request(connection, test::kAck);
  packet.eth_src = {0x01};
  packet.eth_dst = {0x02};
  packet.src = plan_.node;
  packet.dst = connection.backend;
  packet.sport = connection.snat_port;
  packet.dport = kBackendPort;
  packet.ttl = 63;
  return packet;
}

template <typename F>
Packet Connections<F>::translated_reply(std::uint32_t number) const {
  const Connection connection = at(number);
  Packet packet = reply(connection, test::kAck);
  packet.eth_src = {0x01};
  packet.eth_dst = {0xfe};
  packet.src = plan_.node;
  packet.dst = connection.client;
  packet.sport = kFrontendPort;
  packet.dport = connection.client_port;
  packet.ttl = 63;
  return packet;
}

// Each half's next hop is looked up by a packet of that direction, so each direction sends one after the handshake.
template <typename F>
void Connections<F>::open() {
  Connection connection = at(0);
  test::Testbed& bed = rig_->bed();
  connection.snat_port = test::source_port(bed.xdp(request(connection, test::kSyn)).frame);
  bed.xdp(reply(connection, test::kSyn | test::kAck));
  bed.xdp(request(connection, test::kAck));
  bed.xdp(reply(connection, test::kAck));
  bpf_map* table = flow_table(*rig_, F{});
  auto& [request_half, reply_half] = opened_;
  request_half.key.proto = reply_half.key.proto = static_cast<std::uint8_t>(protocol_);
  put_address<F>(request_half.key.daddr, plan_.node);
  request_half.key.dport = Be16::from_host(kFrontendPort).raw;
  put_address<F>(reply_half.key.daddr, plan_.node);
  reply_half.key.sport = Be16::from_host(kBackendPort).raw;
  const Pair<F> keys = pair_of<F>(opened_, connection);
  opened_ = keys;
  request_half.val = row_at<typename F::Val>(table, keys.request.key);
  reply_half.val = row_at<typename F::Val>(table, keys.reply.key);
  const Pair<F> made = pair_of<F>(opened_, connection);
  if (std::memcmp(&made, &opened_, sizeof made) != 0)
    throw std::runtime_error("rows made by the benchmark are not those of the packet path");
  const typename F::Key both[] = {made.request.key, made.reply.key};
  delete_all(table, both, 2);
}

template <typename F>
void Connections<F>::insert(const std::vector<std::uint32_t>& numbers) const {
  for (std::size_t from = 0; from < numbers.size(); from += kBatch) {
    std::vector<typename F::Key> keys;
    std::vector<typename F::Val> vals;
    std::vector<typename F::Bare> bares;
    for (std::size_t i = from; i < std::min(from + kBatch, numbers.size()); ++i) {
      const Pair<F> pair = pair_of<F>(opened_, at(numbers[i]));
      for (const Half<F>* half : {&pair.request, &pair.reply}) {
        keys.push_back(half->key);
        vals.push_back(half->val);
        bares.push_back(bare_of<F>(half->val));
      }
    }
    put_all(flow_table(*rig_, F{}), vals, keys.data());
    put_all(bare_table(*rig_, F{}), bares, keys.data());
  }
}

template <typename F>
void Connections<F>::grow(std::uint32_t count) {
  if (count <= count_) return;
  std::vector<std::uint32_t> numbers(count - count_);
  std::iota(numbers.begin(), numbers.end(), count_);
  // The same order in every run.
  std::shuffle(numbers.begin(), numbers.end(), std::mt19937(1));
  insert(numbers);
  count_ = count;
}

template <typename F>
void Connections<F>::remove() {
  for (std::uint32_t from = 0; from < count_; from += kBatch) {
    std::vector<typename F::Key> keys;
    for (std::uint32_t i = from; i < std::min<std::uint32_t>(from + kBatch, count_); ++i) {
      const Pair<F> pair = pair_of<F>(opened_, at(i));
      keys.push_back(pair.request.key);
      keys.push_back(pair.reply.key);
    }
    delete_all(flow_table(*rig_, F{}), keys.data(), keys.size());
    delete_all(bare_table(*rig_, F{}), keys.data(), keys.size());
  }
  count_ = 0;
}

template class Connections<V4>;
template class Connections<V6>;

}  // namespace sp::bench
