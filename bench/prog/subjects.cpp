// SPDX-License-Identifier: Apache-2.0
// Streams of the subjects, and the comparison of whole frames before anything is measured.
#include "bench/prog/subjects.h"

#include <linux/bpf.h>

#include <functional>
#include <stdexcept>

#include "bench/prog/embryos.h"

namespace sp::bench {

namespace {

using test::Packet;

constexpr std::uint16_t kNewPort = 30001;
constexpr std::uint16_t kNewLocalPort = 30002;
constexpr std::uint16_t kEmptyPort = 30003;
constexpr std::uint16_t kNobodysPort = 22;
// Clients of the subjects, as distances from the rig's first one: no tuple belongs to two of them.
constexpr std::uint32_t kNewClients = 1u << 20;
constexpr std::uint32_t kNewLocalClients = 2u << 20;
constexpr std::uint32_t kStrangers = 3u << 20;
// Tuples of new flows: many times what the embryo table holds, so that each is forgotten before it comes again.
constexpr std::uint32_t kNewTuples = 1u << 20;
constexpr std::uint32_t kSamples = 64;

Stream stream(const Rig& rig, Family family, Protocol protocol, std::uint32_t distance, std::uint16_t port,
              std::uint8_t flags) {
  Packet packet;
  packet.protocol = protocol;
  packet.src = further(rig.clients(), distance);
  packet.dst = test::plan(family).node;
  packet.sport = 20000;
  packet.dport = port;
  packet.flags = flags;
  return {packet, 1, 16, false};
}

Stream opening(const Rig& rig, Family family, Protocol protocol, std::uint32_t distance, std::uint16_t port) {
  Stream packets = stream(rig, family, protocol, distance, port, test::kSyn);
  packets.count = kNewTuples;
  return packets;
}

[[noreturn]] void refuse(const Subject& subject, std::uint32_t number, const std::string& why) {
  throw std::runtime_error(subject.name + ", packet " + std::to_string(number) + ": " + why);
}

// Runs packets from all over the stream and compares what comes out with what should.
void prove(Rig& rig, const Subject& subject, const std::function<test::Bytes(std::uint32_t)>& expected) {
  replay row = subject.stream.row();
  for (std::uint32_t i = 0; i < std::min(kSamples, row.count); ++i) {
    const auto number = static_cast<std::uint32_t>(std::uint64_t{row.count - 1} * i / (kSamples - 1));
    row.index = number;
    const test::Outcome sent = rig.once(subject.replayer.idle, row);
    if (sent.frame != subject.stream.packet(number).bytes())
      refuse(subject, number, "replayed as" + test::dump(sent.frame));
    row.index = number;
    const test::Outcome got = rig.once(subject.replayer.busy, row);
    if (got.action != subject.action) refuse(subject, number, "left by action " + std::to_string(got.action));
    const test::Bytes want = expected(number);
    if (got.frame != want) refuse(subject, number, "became" + test::dump(got.frame) + "\nnot" + test::dump(want));
  }
}

// New flows get a random source port, so it is counted that each packet opens a flow.
void prove_new(Rig& rig, const Subject& subject, std::uint32_t packets) {
  replay row = subject.stream.row();
  rig.bed().counts();
  rig.time(subject.replayer.busy, row, packets, subject.action);
  const std::uint64_t opened = rig.bed().counts()["flow-new"];
  if (opened != packets) refuse(subject, packets, "opened " + std::to_string(opened) + " flows");
}

}  // namespace

void add_doors(Rig& rig, Family family, Protocol protocol) {
  const test::Plan at = test::plan(family);
  std::vector<std::pair<Ip, std::uint16_t>> remote, local;
  for (std::uint16_t i = 0; i < 10; ++i) {
    remote.emplace_back(at.remote_pod, static_cast<std::uint16_t>(9000 + i));
    local.emplace_back(at.local_pod, static_cast<std::uint16_t>(9000 + i));
  }
  test::Testbed& bed = rig.bed();
  bed.add_frontend(at.node, kNewPort, protocol, bed.add_service(remote), SP_FRONTEND_NODE_ADDR);
  bed.add_frontend(at.node, kNewLocalPort, protocol, bed.add_service(local), SP_FRONTEND_NODE_ADDR);
  bed.add_frontend(at.node, kEmptyPort, protocol, bed.add_service({}), SP_FRONTEND_NODE_ADDR);
}

template <typename F>
std::vector<Subject> subjects(Rig& rig, const Connections<F>& connections, Protocol protocol, std::uint32_t count) {
  const Family family = F::kWords == 1 ? Family::v4 : Family::v6;
  const Replayer bare = rig.replayer(protocol, REPLAY_BARE);
  const Replayer ours = rig.replayer(protocol, REPLAY_OURS);
  const Replayer answered = rig.replayer(protocol, REPLAY_OURS, true);
  const auto request = [&](std::uint32_t i) { return connections.translated_request(i).bytes(); };
  const auto reply = [&](std::uint32_t i) { return connections.translated_reply(i).bytes(); };
  Stream miss = stream(rig, family, protocol, kStrangers, kNobodysPort, test::kAck);
  Stream reject = stream(rig, family, protocol, kStrangers, kEmptyPort, test::kSyn);
  const Stream remote = opening(rig, family, protocol, kNewClients, kNewPort);
  const Stream local = opening(rig, family, protocol, kNewLocalClients, kNewLocalPort);
  const auto forget = [](const bpf_map* table, const Stream& of) {
    return [=](std::uint32_t from, std::uint32_t packets) { forget_embryos<F>(table, of, from, packets); };
  };
  const Replayer least = rig.replayer(protocol, REPLAY_BARE_OPEN);
  const bpf_map* const embryos = embryo_table<F>(rig);
  miss.count = reject.count = count;
  std::vector<Subject> all = {
      {kBare, connections.requests(count), bare, XDP_TX},
      {kEstablished, connections.requests(count), ours, XDP_TX},
      {kReply, connections.replies(count), ours, XDP_TX},
      {kMiss, miss, ours, XDP_PASS},
      {kNewRemote, remote, ours, XDP_TX, 16, forget(embryos, remote)},
      {kNewLocal, local, ours, XDP_PASS, 16, forget(embryos, local)},
      {kReject, reject, answered, XDP_TX, 2},
      {kNewBare, remote, least, XDP_TX, 16, forget(bare_embryo_table<F>(rig), remote)},
  };
  prove(rig, all[0], request);
  prove(rig, all[1], request);
  prove(rig, all[2], reply);
  prove(rig, all[3], [&](std::uint32_t i) { return miss.packet(i).bytes(); });
  prove(rig, all[6], [&](std::uint32_t i) { return rig.bed().xdp(reject.packet(i)).frame; });
  for (const std::size_t opener : {4, 5}) {
    prove_new(rig, all[opener], 1000);
    all[opener].undo(0, 1000);
  }
  return all;
}

template <typename F>
std::vector<Subject> flooded(Rig& rig, const Connections<F>& connections, Protocol protocol, std::uint32_t count) {
  const Family family = F::kWords == 1 ? Family::v4 : Family::v6;
  const Replayer bare = rig.replayer(protocol, REPLAY_BARE);
  const Replayer ours = rig.replayer(protocol, REPLAY_OURS);
  std::vector<Subject> all = {
      {kBare, connections.requests(count), bare, XDP_TX},
      {kNewFlood, opening(rig, family, protocol, kNewClients, kNewPort), ours, XDP_TX, 4},
  };
  // Each flow has two embryos: this is twice what the table holds.
  prove_new(rig, all[1], SP_MAX_EMBRYOS4);
  return all;
}

template std::vector<Subject> flooded<V4>(Rig&, const Connections<V4>&, Protocol, std::uint32_t);
template std::vector<Subject> flooded<V6>(Rig&, const Connections<V6>&, Protocol, std::uint32_t);
template std::vector<Subject> subjects<V4>(Rig&, const Connections<V4>&, Protocol, std::uint32_t);
template std::vector<Subject> subjects<V6>(Rig&, const Connections<V6>&, Protocol, std::uint32_t);

}  // namespace sp::bench
