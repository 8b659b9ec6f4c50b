// SPDX-License-Identifier: Apache-2.0
// Scene: one family, protocol and number of flows; its subjects are measured in turns.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/prog/rig.h"

namespace sp::bench {

// One kind of packet, and the program that gets it.
struct Subject {
  std::string name;
  Stream stream;
  Replayer replayer;
  std::uint32_t action = 0;
  // Slow ones run fewer packets a round.
  std::uint32_t divisor = 1;
  // Undoes what `count` packets from number `from` on have left behind, where measuring would change what is measured.
  std::function<void(std::uint32_t from, std::uint32_t count)> undo = {};
  // Nanoseconds a packet, a round each, without what replaying costs.
  std::vector<double> ns = {};
};

class Scene {
 public:
  Scene(Rig& rig, std::vector<Subject> subjects);

  // Each round begins with another subject. Each is measured right after, or right before, the same packets without a
  // program.
  void measure(std::size_t rounds, std::uint32_t packets);
  [[nodiscard]] bool has(const std::string& subject) const;
  // Throws when there is none of this name.
  [[nodiscard]] const std::vector<double>& ns(const std::string& subject) const;
  [[nodiscard]] const std::vector<Subject>& subjects() const { return subjects_; }

 private:
  double idle(std::size_t index, std::uint32_t packets);
  double busy(std::size_t index, std::uint32_t packets);
  double in_chunks(std::size_t index, bool is_busy, std::uint32_t packets);

  Rig* rig_;
  std::vector<Subject> subjects_;
  // Where in its stream each subject is, and its packets without a program.
  std::vector<replay> rows_, idle_rows_;
};

}  // namespace sp::bench
