// SPDX-License-Identifier: Apache-2.0
// Series: who is measured beside whom, and what is claimed of it.
//
// Promises: in each round all subjects take one turn, each for about as long as the others; who begins changes from
// round to round; ratios are taken round by round.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/node/subject.h"
#include "bench/node/traffic.h"
#include "bench/report/report.h"

namespace sp::bench {

class Series {
 public:
  Series(const Bed& bed, Report& report);

  // Backends on other nodes, 1 to 1M flows.
  void measure_remote();
  // Backends on this node.
  void measure_local();
  // 1 and 2,500 Services, 1k flows over all of them.
  void measure_services();

 private:
  // Nanoseconds per packet, one value a round.
  using Rounds = std::map<std::string, std::vector<double>>;

  Rounds take_turns(const std::vector<const Subject*>& subjects, const std::string& road, std::uint32_t flows);
  void add_figures(const Rounds& rounds, const std::string& road, std::uint32_t flows);
  // How much faster `subject` is than `other`: with the generator in both, and, unless `target` is all, without.
  void claim(const Rounds& rounds, const std::string& what, const std::string& subject, const std::string& other,
             double target);
  [[nodiscard]] std::vector<const Subject*> able(bool local, std::uint32_t flows) const;

  Bed bed_;
  Report& report_;
  Traffic traffic_;
  std::vector<Subject> subjects_;
};

}  // namespace sp::bench
