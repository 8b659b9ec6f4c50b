// SPDX-License-Identifier: Apache-2.0
// Rounds.
#include "bench/prog/scene.h"

#include <linux/bpf.h>

#include <algorithm>
#include <stdexcept>

namespace sp::bench {

Scene::Scene(Rig& rig, std::vector<Subject> subjects) : rig_(&rig), subjects_(std::move(subjects)) {
  for (const Subject& subject : subjects_) rows_.push_back(subject.stream.row());
  idle_rows_ = rows_;
}

void Scene::measure(std::size_t rounds, std::uint32_t packets) {
  bpf_program* noop = rig_->yardstick().progs.noop;
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t turn = 0; turn < subjects_.size(); ++turn) {
      const std::size_t i = (round + turn) % subjects_.size();
      Subject& subject = subjects_[i];
      const std::uint32_t count = std::max(1u, packets / subject.divisor);
      double idle = 0;
      if (round % 2 == 0) idle = rig_->time(subject.replayer, noop, idle_rows_[i], count, XDP_TX);
      const double busy = rig_->time(subject.replayer, subject.program, rows_[i], count, subject.action);
      if (round % 2 == 1) idle = rig_->time(subject.replayer, noop, idle_rows_[i], count, XDP_TX);
      subject.ns.push_back(busy - idle);
    }
  }
}

const std::vector<double>& Scene::ns(const std::string& subject) const {
  const auto found =
      std::find_if(subjects_.begin(), subjects_.end(), [&](const Subject& each) { return each.name == subject; });
  if (found == subjects_.end()) throw std::runtime_error("no subject " + subject);
  return found->ns;
}

}  // namespace sp::bench
