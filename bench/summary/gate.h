// SPDX-License-Identifier: Apache-2.0
// The regression gate: gated claims of a run against those recorded earlier, in bench/recorded.json:
//
//   {"schema": 1, "benchmarks": {"prog": {"machine": "…", "date": "…", "claims": {"NAME": {"q1", "median", "q3"}}}}}
//
// What counts as noise is the recorded and the present distance between quartiles together, and 5 % at least: ratios of
// two runs differ by that much with how the linker and the allocator happened to lay things out. Fewer than three
// rounds say nothing about noise; it is then taken for 30 %. A claim with a target has a side that is worse; one
// without has none, so that any move beyond noise says that the record no longer holds.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bench/report/results.h"

namespace sp::bench {

struct RecordedBenchmark {
  std::string machine;
  std::string date;
  std::map<std::string, Spread> claims;
};

// By the benchmark's name.
using Record = std::map<std::string, RecordedBenchmark>;

[[nodiscard]] std::string json_of(const Record& record);
[[nodiscard]] Result<Record> parse_record(std::string_view json);
// What the record holds of this benchmark becomes what was measured now. Without gated claims it leaves the record.
void put(const Results& results, Record& record);

enum class Judgement {
  kept,        // within noise
  unclear,     // within noise, but of so much that a loss worth knowing would have been, too
  better,      // by more than noise: record it if it is meant
  worse,       // by more than noise, or no number at all: the gate fails
  unrecorded,  // new, or renamed
  unmeasured,  // recorded, but not in this run: a smaller size was measured, or it was renamed
};

struct Finding {
  std::string benchmark;
  std::string claim;
  Judgement judgement = Judgement::kept;
  Spread was;
  Spread is;
  double noise = 0;
};

// Recorded and present quartiles' distances together, at least 5 % of the recorded median; 30 % where either had few
// rounds.
[[nodiscard]] double noise_of(const Spread& was, const Spread& is);
// Of a claim that is in both.
[[nodiscard]] Judgement judge(const Spread& was, const Claim& is);
// Every gated claim of `results` and every recorded one of its benchmark, in that order.
[[nodiscard]] std::vector<Finding> findings_of(const Record& record, const Results& results);

// "prog: NAME: worse: was 1.05 (1.04–1.06), is 1.30 (1.29–1.31), noise 0.053"
[[nodiscard]] std::string text_of(const Finding& finding);

}  // namespace sp::bench
