// SPDX-License-Identifier: Apache-2.0
// Report: what one benchmark has measured, as a table for the terminal and as <out>/<benchmark>.json for the plots, the
// summary and the gate.
//
// Promises: nothing is written before finish(); what was measured before an error is not lost (finish() may be called
// with a part); names of figures and claims are stable from run to run, since the gate finds them by name.
#pragma once

#include <filesystem>
#include <string>

#include "bench/report/results.h"
#include "loader/util/result.h"

namespace sp::bench {

// What every benchmark takes on its command line: [--out DIR] [--short].
struct Options {
  std::filesystem::path out;  // empty: no file, the terminal alone
  bool is_short = false;      // seconds in place of minutes; sizes may shrink, names of claims may not change meaning
};
// Exits with 2 and a usage line for anything else.
[[nodiscard]] Options parse_options(int argc, char** argv);

class Report {
 public:
  // `benchmark` as on the command line of bench/run.sh: "prog", "node"… The machine is looked at now and at the end.
  Report(std::string benchmark, Options options);

  // Told in the heading and the file: "41 rounds of 200,000 packets".
  void set_method(std::string method) { results_.method = std::move(method); }
  // A line under the table: what could not be measured here and why, a caveat.
  void note(std::string line) { results_.notes.push_back(std::move(line)); }
  void add(Figure figure) { results_.figures.push_back(std::move(figure)); }
  void add(Claim claim) { results_.claims.push_back(std::move(claim)); }

  [[nodiscard]] const Options& options() const { return options_; }
  // Prints the table and writes the file. Claims that do not hold are no error here: bench/run.sh says what they mean.
  // Two claims of one name are, after all is written: the gate could not tell them apart.
  [[nodiscard]] Result<void> finish() const;

 private:
  Options options_;
  Results results_;
};

}  // namespace sp::bench
