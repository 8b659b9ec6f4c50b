// SPDX-License-Identifier: Apache-2.0
// Scene: one family, protocol and number of flows; its subjects are measured in turns.
#pragma once

#include <string>
#include <vector>

#include "bench/prog/rig.h"

namespace sp::bench {

// One kind of packet, and the program that gets it.
struct Subject {
  std::string name;
  Stream stream;
  bpf_program* replayer = nullptr;
  bpf_program* program = nullptr;
  std::uint32_t action = 0;
  // Slow ones run fewer packets a round.
  std::uint32_t divisor = 1;
  // Nanoseconds a packet, a round each, without what replaying costs.
  std::vector<double> ns = {};
};

class Scene {
 public:
  Scene(Rig& rig, std::vector<Subject> subjects);

  // Each round begins with another subject. Each is measured right after, or right before, the same packets without a
  // program.
  void measure(std::size_t rounds, std::uint32_t packets);
  // Throws when there is none of this name.
  [[nodiscard]] const std::vector<double>& ns(const std::string& subject) const;
  [[nodiscard]] const std::vector<Subject>& subjects() const { return subjects_; }

 private:
  Rig* rig_;
  std::vector<Subject> subjects_;
  // Where in its stream each subject is, and its packets without a program.
  std::vector<replay> rows_, idle_rows_;
};

}  // namespace sp::bench
