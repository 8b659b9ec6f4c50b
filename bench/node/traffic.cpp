// SPDX-License-Identifier: Apache-2.0
#include "bench/node/traffic.h"

#include <algorithm>
#include <stdexcept>

namespace sp::bench {

namespace {

// Handshakes that are under way at the same time; embryos of ours have room for four times as many.
constexpr std::uint32_t kHandshakes = 16384;
// Where half of all source ports are in use, a new flow may end another's handshake (docs/packet-path.md).
constexpr int kTries = 5;

Entrance uplink(const Subject& subject) {
  return {subject.netns, subject.uplink, subject.way, subject.program_fd};
}

// Of a backend's answer: Pods of this node have no program in front of them but tc's.
Entrance backend_side(const Subject& subject, const Road& road) {
  if (!road.is_local) return uplink(subject);
  return {subject.netns, subject.pod_device, LEAVE_TO_STACK, -1};
}

std::string place(const Subject& subject, const Road& road) {
  return subject.netns + "/" + road.name;
}

}  // namespace

Traffic::Sent Traffic::send(const Subject& subject, stream& what, Direction direction, const Entrance& entrance,
                            std::uint32_t packets) {
  const seen before = generator_.far_side();
  const double ns = generator_.run(what, direction, entrance, packets);
  const seen after = generator_.far_side();
  if (after.broken != before.broken)
    throw std::runtime_error(subject.name + ": " + std::to_string(after.broken - before.broken) +
                             " packets reached the far side with a wrong checksum");
  const bool asks = direction == Direction::request;
  return {ns, asks ? after.requests - before.requests : after.answers - before.answers};
}

double Traffic::send_all(const Subject& subject, stream& what, std::uint32_t packets) {
  const Sent sent = send(subject, what, Direction::request, uplink(subject), packets);
  if (sent.arrived != packets)
    throw std::runtime_error(subject.name + ": of " + std::to_string(packets) + " packets " +
                             std::to_string(sent.arrived) + " reached the far side");
  return sent.ns;
}

bool Traffic::shake_hands(const Subject& subject, const Road& road, std::uint32_t first, std::uint32_t end) {
  const std::uint32_t count = end - first;
  stream syn = frames_of(road, Stage::syn, first, end);
  stream synack = frames_of(road, Stage::synack, first, end);
  stream ack = frames_of(road, Stage::established, first, end);
  return send(subject, syn, Direction::request, uplink(subject), count).arrived == count &&
         send(subject, synack, Direction::reply, backend_side(subject, road), count).arrived == count &&
         send(subject, ack, Direction::request, uplink(subject), count).arrived == count;
}

void Traffic::open(const Subject& subject, const Road& road, std::uint32_t flows) {
  std::uint32_t& opened = open_[place(subject, road)];
  if (subject.learn && opened < flows) subject.learn(opened, flows);
  generator_.inspect(true);
  if (!subject.knows_all && !subject.learn) {
    for (std::uint32_t first = opened; first < flows; first += kHandshakes) {
      const std::uint32_t end = std::min(first + kHandshakes, flows);
      int tries = 1;
      while (!shake_hands(subject, road, first, end)) {
        if (++tries > kTries)
          throw std::runtime_error(subject.name + ": of flows " + std::to_string(first) + " to " + std::to_string(end) +
                                   " some do not open");
      }
    }
  }
  opened = std::max(opened, flows);
  // One look at what is going to be measured.
  stream probe = walk_over(road, flows);
  send_all(subject, probe, std::min(flows, kHandshakes));
  generator_.inspect(false);
}

double Traffic::measure(const Subject& subject, const Road& road, std::uint32_t flows, std::uint32_t packets) {
  stream walk = walk_over(road, flows);
  std::uint32_t& position = position_[place(subject, road)];
  walk.position = position % flows;
  const double ns = send_all(subject, walk, packets);
  position = walk.position;
  return ns / packets;
}

double Traffic::generate(const Subject& subject, const Road& road, std::uint32_t flows, std::uint32_t packets) {
  stream walk = walk_over(road, flows);
  return generator_.run(walk, Direction::request, {subject.netns, subject.uplink, LEAVE_DROP, -1}, packets) / packets;
}

}  // namespace sp::bench
