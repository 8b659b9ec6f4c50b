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

  // Backends on other nodes: 1, 1k, 100k flows.
  void measure_remote();
  // The same with 1M flows: more than the kernel's table has room for, and ours as shipped.
  void measure_million();
  // Backends on this node, by all ways to them.
  void measure_local();
  // 2,500 Services beside one, 1k flows over all of them.
  void measure_services();

 private:
  // Nanoseconds per packet, one value a round.
  using Rounds = std::map<std::string, std::vector<double>>;
  using Subjects = std::vector<const Subject*>;
  enum class Where { remote, local };

  [[nodiscard]] Subjects able(Where where, std::uint32_t flows) const;
  Rounds take_turns(const Subjects& subjects, Where where, std::uint32_t flows);
  void add_figures(const Rounds& rounds, Where where, std::uint32_t flows);
  // How much faster `subject` is than `other`, with the generator in both and without. `target` is of the former; 0 is
  // none.
  void claim(const Rounds& rounds, const std::string& what, const std::string& subject, const std::string& other,
             double target);
  void claim_fastest(const Rounds& rounds, std::uint32_t flows);
  [[nodiscard]] std::uint32_t flow_entries() const;

  Bed bed_;
  Report& report_;
  Traffic traffic_;
  std::vector<Subject> subjects_;
};

}  // namespace sp::bench
