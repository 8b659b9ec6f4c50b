// SPDX-License-Identifier: Apache-2.0
// Rounds.
#include "bench/prog/scene.h"

#include <linux/bpf.h>

#include <algorithm>
#include <stdexcept>

namespace sp::bench {

namespace {

// Packets between two calls of undo(): enough to make the system call a small part of the time.
constexpr std::uint32_t kUndoneAtOnce = 2000;

}  // namespace

Scene::Scene(Rig& rig, std::vector<Subject> subjects) : rig_(&rig), subjects_(std::move(subjects)) {
  for (const Subject& subject : subjects_) rows_.push_back(subject.stream.row());
  idle_rows_ = rows_;
}

// Without a program. In chunks as with it, so that the system calls are in both.
double Scene::idle(std::size_t index, std::uint32_t packets) {
  return in_chunks(index, false, packets);
}

double Scene::busy(std::size_t index, std::uint32_t packets) {
  return in_chunks(index, true, packets);
}

double Scene::in_chunks(std::size_t index, bool is_busy, std::uint32_t packets) {
  const Subject& subject = subjects_[index];
  bpf_program* replayer = is_busy ? subject.replayer.busy : subject.replayer.idle;
  replay& row = is_busy ? rows_[index] : idle_rows_[index];
  const std::uint32_t action = is_busy ? subject.action : std::uint32_t{XDP_TX};
  const std::uint32_t chunk = subject.undo ? std::min(kUndoneAtOnce, packets) : packets;
  double sum = 0;
  for (std::uint32_t done = 0; done < packets; done += chunk) {
    const std::uint32_t from = row.index;
    sum += rig_->time(replayer, row, chunk, action) * chunk;
    if (is_busy && subject.undo) subject.undo(from, chunk);
  }
  return sum / packets;
}

void Scene::measure(std::size_t rounds, std::uint32_t packets) {
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t turn = 0; turn < subjects_.size(); ++turn) {
      const std::size_t i = (round + turn) % subjects_.size();
      Subject& subject = subjects_[i];
      const std::uint32_t count = std::max(1u, packets / subject.divisor);
      const double first = round % 2 == 0 ? idle(i, count) : busy(i, count);
      const double second = round % 2 == 0 ? busy(i, count) : idle(i, count);
      subject.ns.push_back(round % 2 == 0 ? second - first : first - second);
    }
  }
}

bool Scene::has(const std::string& subject) const {
  return std::any_of(subjects_.begin(), subjects_.end(), [&](const Subject& each) { return each.name == subject; });
}

const std::vector<double>& Scene::ns(const std::string& subject) const {
  const auto found =
      std::find_if(subjects_.begin(), subjects_.end(), [&](const Subject& each) { return each.name == subject; });
  if (found == subjects_.end()) throw std::runtime_error("no subject " + subject);
  return found->ns;
}

}  // namespace sp::bench
